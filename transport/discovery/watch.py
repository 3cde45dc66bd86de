"""Follows the InferenceServices of a namespace: list, watch from there, begin again after errors.

The client of Kubernetes blocks, so all this runs in a thread of its own. While the API server is
away nothing is reported, and what was reported last stays true for the readers.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from prometheus_client import Gauge

from transport.discovery.services import MalformedService, Service, read_service
from transport.discovery.settings import Pace

logger = logging.getLogger(__name__)

CONNECTED = Gauge("speech_discovery_connected", "1 while InferenceServices are being watched")
SERVICES = Gauge("speech_discovery_services", "InferenceServices found that can be used")
_STOP_WITHIN_S = 5.0


class ClusterError(Exception):
    """The API server cannot be asked now; the message says why."""


class Expired(ClusterError):
    """410 Gone: the API server has forgotten the version that the watch began from."""


class ServiceApi(Protocol):
    """Our InferenceServices at one API server. Methods raise ClusterError."""

    def list(self) -> tuple[list[Any], str]:
        """All objects, and the resourceVersion that a watch may begin from."""
        ...

    def watch(self, version: str) -> Iterator[tuple[str, Any]]:
        """Types and objects of events after that version, until the watch's life ends."""
        ...

    def interrupt(self) -> None:
        """End a watch from another thread, for good."""
        ...

    def close(self) -> None: ...


class ServiceWatch:
    """Calls `on_change` from its thread with all usable services, whenever they differ."""

    def __init__(
        self,
        connect: Callable[[], ServiceApi],
        on_change: Callable[[tuple[Service, ...]], None],
        pace: Pace,
    ) -> None:
        self._connect, self._on_change, self._pace = connect, on_change, pace
        self._api: ServiceApi | None = None
        self._version: str | None = None
        """Where the watch goes on; None: list first."""
        self._services: dict[str, Service] = {}
        self._reported: tuple[Service, ...] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="discovery", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the watch and wait for the thread. Blocks for a moment."""
        self._stopped.set()
        api = self._api
        if api is not None:
            api.interrupt()
        self._thread.join(_STOP_WITHIN_S)

    def _run(self) -> None:
        errors = 0
        while not self._stopped.is_set():
            began = time.monotonic()
            is_ended_well = self._attempt()
            is_steady = time.monotonic() - began > self._pace.steady_s
            errors = 0 if is_steady else errors
            errors += not (is_ended_well and is_steady)
            if errors:
                self._stopped.wait(_backoff_s(self._pace, errors))
        self._disconnect()

    def _attempt(self) -> bool:
        """One watch, after a list where needed. False: it ended by an error."""
        try:
            self._follow()
            return True
        except Expired:
            logger.info("the watch has expired; listing InferenceServices again")
            self._version = None
        except ClusterError as error:
            if not self._stopped.is_set():
                logger.warning("InferenceServices cannot be watched; as before: %s", error)
                self._disconnect()
        except Exception:  # the thread must outlive whatever an API server may send
            logger.exception("watching InferenceServices failed; beginning again")
            self._version = None
            self._disconnect()
        return False

    def _follow(self) -> None:
        api = self._api = self._api or self._connect()
        if self._stopped.is_set():
            return  # stop() may not have seen this connection
        if self._version is None:
            documents, version = api.list()
            self._services = {}
            for document in documents:
                self._keep(document)
            self._version = version
            self._report()
        CONNECTED.set(1)
        for kind, document in api.watch(self._version):
            if self._stopped.is_set():
                return
            self._version = _version(document) or self._version
            if kind in _CHANGES:
                self._keep(document, is_deleted=kind == "DELETED")
                self._report()

    def _keep(self, document: Any, *, is_deleted: bool = False) -> None:
        """Take over one object as it is now. One that cannot be read is not there, nor one that is
        being deleted: the API server keeps it until KServe has removed its finalizer (kserve/kserve
        v0.20.0 pkg/controller/v1beta1/inferenceservice/controller.go:181-196)."""
        name = _metadata(document).get("name")
        if not isinstance(name, str):
            logger.warning("an InferenceService without a name is skipped")
            return
        self._services.pop(name, None)
        if is_deleted or _metadata(document).get("deletionTimestamp"):
            return
        try:
            self._services[name] = read_service(document)
        except MalformedService as error:
            logger.warning("InferenceService %s is skipped: %s", name, error)

    def _report(self) -> None:
        services = tuple(self._services[name] for name in sorted(self._services))
        if services != self._reported:
            SERVICES.set(len(services))
            self._reported = services
            self._on_change(services)

    def _disconnect(self) -> None:
        CONNECTED.set(0)
        api, self._api = self._api, None
        if api is not None:
            api.close()


_CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})
"""Of the other events a BOOKMARK only moves the version, and an ERROR is raised by the API."""


def _metadata(document: Any) -> dict[str, Any]:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _version(document: Any) -> str | None:
    version = _metadata(document).get("resourceVersion")
    return version if isinstance(version, str) and version else None


def _backoff_s(pace: Pace, errors: int) -> float:
    longest = min(pace.max_retry_s, pace.retry_s * 2.0 ** min(errors - 1, 16))
    return random.uniform(longest / 2, longest)
