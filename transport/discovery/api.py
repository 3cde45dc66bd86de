"""The Kubernetes client, imported here and nowhere else, and only once a cluster is to be watched.

Its package takes 126 MB and most of a second, so it comes with the extra harmony-speech[discovery].
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException

from transport.discovery.services import SELECTOR
from transport.discovery.settings import DiscoverySettings, Pace
from transport.discovery.watch import ClusterError, Expired

_GROUP, _VERSION, _PLURAL = "serving.kserve.io", "v1beta1", "inferenceservices"
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_GONE = 410


def connect(settings: DiscoverySettings, pace: Pace) -> KubernetesApi:
    """The cluster that the settings mean. Raises ClusterError without credentials."""
    configuration = client.Configuration()
    try:
        namespace = _load_credentials(configuration, settings)
    except (ConfigException, OSError, ValueError) as exc:
        raise ClusterError(
            f"no credentials for the cluster ({exc}); run in a pod with a service account, "
            "or set SPEECH_KUBECONFIG"
        ) from exc
    configuration.retries = False  # our own backoff is longer, and knows when to end
    return KubernetesApi(client.ApiClient(configuration), settings.namespace or namespace, pace)


def _load_credentials(configuration: Any, settings: DiscoverySettings) -> str:
    """Fill in address and credentials; returns the namespace that goes with them."""
    if settings.kubeconfig is None:
        try:
            config.load_incluster_config(configuration)
            return NAMESPACE_FILE.read_text(encoding="utf-8").strip()
        except ConfigException:
            pass  # not in a pod: a developer's own credentials, if there are any
    file = None if settings.kubeconfig is None else str(settings.kubeconfig)
    config.load_kube_config(file, client_configuration=configuration, persist_config=False)
    _, active = config.list_kube_config_contexts(file)
    return str(active["context"].get("namespace") or "default")


class KubernetesApi:
    """Our InferenceServices in one namespace."""

    def __init__(self, api: Any, namespace: str, pace: Pace) -> None:
        self._api, self._namespace, self._pace = api, namespace, pace
        self._objects = client.CustomObjectsApi(api)
        self._response: Any = None
        self._is_interrupted = False

    def list(self) -> tuple[list[Any], str]:
        with _as_speech_errors():
            answer = self._ask(_request_timeout=(self._pace.connect_s, self._pace.answer_s))
        items = answer.get("items") if isinstance(answer, dict) else None
        version = (answer.get("metadata") or {}).get("resourceVersion") if items is not None else ""
        if not isinstance(items, list) or not version:
            raise ClusterError("the answer is no list of InferenceServices")
        return items, str(version)

    def watch(self, version: str) -> Iterator[tuple[str, Any]]:
        life_s = self._pace.watch_s
        with _as_speech_errors():
            self._response = self._ask(
                watch=True,
                resource_version=version,
                allow_watch_bookmarks=True,
                timeout_seconds=life_s,
                _preload_content=False,
                _request_timeout=(self._pace.connect_s, life_s + self._pace.answer_s),
            )
            try:
                if not self._is_interrupted:
                    yield from (_event(line) for line in _lines(self._response))
            finally:
                response, self._response = self._response, None
                response.close()

    def interrupt(self) -> None:
        """End the watch now, or as soon as the API server has answered."""
        self._is_interrupted = True
        response = self._response
        if response is not None:
            with _quietly():
                response.shutdown()

    def close(self) -> None:
        self._api.close()

    def _ask(self, **options: Any) -> Any:
        return self._objects.list_namespaced_custom_object(
            _GROUP, _VERSION, self._namespace, _PLURAL, label_selector=SELECTOR, **options
        )


@contextmanager
def _as_speech_errors() -> Iterator[None]:
    """Everything that HTTP, TLS and the API server do wrong, in two words."""
    try:
        yield
    except ApiException as exc:
        kind = Expired if exc.status == _GONE else ClusterError
        raise kind(f"the API server answered {exc.status} {exc.reason}") from exc
    except (urllib3.exceptions.HTTPError, OSError) as exc:
        raise ClusterError(f"no connection to the API server ({type(exc).__name__})") from exc


@contextmanager
def _quietly() -> Iterator[None]:
    """The watch may end by itself at the same moment, and its socket be gone."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, AttributeError):
        return


def _lines(response: Any) -> Iterator[bytes]:
    """One JSON document a line. What follows the last line break was cut off and is dropped."""
    rest = b""
    for piece in response.stream(amt=None, decode_content=False):
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line for line in lines if line.strip())


def _event(line: bytes) -> tuple[str, Any]:
    """Type and object. Raises Expired or ClusterError for the API server's own errors."""
    try:
        event = json.loads(line)
        kind, document = event["type"], event["object"]
    except (ValueError, KeyError, TypeError) as exc:
        raise ClusterError("the API server sent what is no watch event") from exc
    if kind != "ERROR":
        return str(kind), document
    code = document.get("code") if isinstance(document, dict) else None
    reason = document.get("reason") if isinstance(document, dict) else None
    raise (Expired if code == _GONE else ClusterError)(f"the watch ended: {code} {reason}")
