"""The watch through the real client, against an API server that does all they do."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_kubernetes_api import FakeKubernetesApi, inference_service, kubeconfig, serving

from transport.discovery.api import connect
from transport.discovery.services import Service
from transport.discovery.settings import DiscoverySettings, Pace
from transport.discovery.watch import CONNECTED, ClusterError, ServiceWatch

PACE = Pace(watch_s=30, connect_s=1, answer_s=2, retry_s=0.02, max_retry_s=0.1, steady_s=0.01)
WITHIN_S = 10.0


class Watched:
    """A watch and what it has reported last."""

    def __init__(self, api: FakeKubernetesApi, folder: Path, pace: Pace = PACE) -> None:
        self.api, self.reported = api, list[tuple[Service, ...]]()
        settings = DiscoverySettings(kubeconfig=kubeconfig(api, folder))
        self.watch = ServiceWatch(lambda: connect(settings, pace), self.reported.append, pace)

    @property
    def names(self) -> list[str]:
        return [service.name for service in self.reported[-1]] if self.reported else []

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < end, f"reported {self.names}, asked {self.api.requests}"
            time.sleep(0.01)

    def until_names(self, *names: str) -> None:
        self.until(lambda: self.names == list(names))


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    with serving(FakeKubernetesApi()) as running:
        yield running


@pytest.fixture
def watched(api: FakeKubernetesApi, tmp_path: Path) -> Iterator[Watched]:
    api.put(inference_service("a"))
    one = Watched(api, tmp_path)
    one.watch.start()
    yield one
    one.watch.stop()


def test_it_lists_once_and_follows_every_change(watched: Watched, api: FakeKubernetesApi) -> None:
    watched.until_names("a")
    api.put(inference_service("b"))
    watched.until_names("a", "b")
    api.put(inference_service("b", pods=0))
    watched.until(lambda: watched.reported[-1][1].availability == "asleep")
    api.delete("a")
    watched.until_names("b")
    assert api.count("list") == api.count("watch") == 1
    asked = api.requests[1][1]
    assert asked["allowWatchBookmarks"].lower() == "true"
    assert asked["resourceVersion"] == "101"


def test_a_service_that_is_being_deleted_is_gone(watched: Watched, api: FakeKubernetesApi) -> None:
    """KServe's finalizer may keep it for as long as its controller is away."""
    api.put(inference_service("b"))
    watched.until_names("a", "b")
    ending = inference_service("a")
    ending["metadata"]["deletionTimestamp"] = "2026-11-27T00:00:00Z"
    api.put(ending)
    watched.until_names("b")
    api.delete("a")
    api.put(inference_service("c"))
    watched.until_names("b", "c")


def test_what_does_not_matter_is_not_told(watched: Watched, api: FakeKubernetesApi) -> None:
    watched.until_names("a")
    same = inference_service("a")
    same["status"]["conditions"][0]["lastTransitionTime"] = "2026-11-23T00:00:00Z"
    api.put(same)
    api.put(inference_service("b"))
    watched.until_names("a", "b")
    assert len(watched.reported) == 2


def test_a_watch_ends_and_goes_on_where_it_was(api: FakeKubernetesApi, tmp_path: Path) -> None:
    pace = Pace(**{**_fields(PACE), "watch_s": 1})
    one = Watched(api, tmp_path, pace)
    one.watch.start()
    api.until("watch", 1)
    api.bookmark()
    api.until("watch", 2)
    api.put(inference_service("late"))
    one.until_names("late")
    one.watch.stop()
    assert api.count("list") == 1
    assert api.requests[2][1]["resourceVersion"] == "107"


def _fields(pace: Pace) -> dict[str, float]:
    return {name: getattr(pace, name) for name in Pace.__slots__}


def test_410_means_list_again(watched: Watched, api: FakeKubernetesApi) -> None:
    api.until("watch", 1)
    api.forget(inference_service("b"))
    api.disconnect()
    watched.until_names("a", "b")
    assert api.count("list") == 2


def test_410_as_a_status_means_the_same(watched: Watched, api: FakeKubernetesApi) -> None:
    api.until("watch", 1)
    api.refusals.append(410)
    api.disconnect()
    api.until("list", 2)
    api.put(inference_service("b"))
    watched.until_names("a", "b")


def test_after_a_cut_connection_nothing_is_missed(watched: Watched, api: FakeKubernetesApi) -> None:
    watched.until_names("a")
    for number in range(5):
        api.until("watch", number + 1)
        api.disconnect()
        api.put(inference_service(f"b{number}"))
    watched.until_names("a", *(f"b{number}" for number in range(5)))
    assert api.count("list") == 1


def test_while_the_api_server_is_away_the_last_word_stands(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api = FakeKubernetesApi()
    api.put(inference_service("a"))
    with serving(api):
        one = Watched(api, tmp_path)
        one.watch.start()
        one.until_names("a")
    one.until(lambda: CONNECTED._value.get() == 0)
    time.sleep(0.3)
    assert one.names == ["a"]
    api.put(inference_service("b"))
    with serving(api):
        one.until_names("a", "b")
        one.watch.stop()
    assert "cannot be watched; as before" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_server_that_starts_late_is_waited_for(tmp_path: Path) -> None:
    api = FakeKubernetesApi(list_delay_s=0.5)
    with serving(api):
        pass
    one = Watched(api, tmp_path)
    one.watch.start()
    time.sleep(0.2)
    api.put(inference_service("a"))
    with serving(api):
        one.until_names("a")
        one.watch.stop()


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_refusals_are_survived(
    status: int, api: FakeKubernetesApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.refusals += [status] * 3
    api.put(inference_service("a"))
    one = Watched(api, tmp_path)
    one.watch.start()
    one.until_names("a")
    one.watch.stop()
    assert f"answered {status}" in caplog.text


MALFORMED = inference_service("bad", annotations={"harmony-speech/model-config": "{"})


def test_a_malformed_service_is_skipped_with_a_line(
    api: FakeKubernetesApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    api.put(MALFORMED, inference_service("a"))
    one = Watched(api, tmp_path)
    one.watch.start()
    one.until_names("a")
    api.put(inference_service("bad"))
    one.until_names("a", "bad")
    api.put(MALFORMED)
    one.until_names("a")
    one.watch.stop()
    lines = [line.getMessage() for line in caplog.records if line.levelno == logging.WARNING]
    assert len(lines) == 2
    assert all("InferenceService bad is skipped: harmony-speech/model-config" in x for x in lines)


@pytest.mark.parametrize(
    "line",
    [
        b"not json\n",
        b"[]\n",
        b'{"type": "ADDED"}\n',
        b'{"type": "ERROR", "object": null}\n',
        b'{"type": "ERROR", "object": {"code": 500, "reason": "InternalError"}}\n',
        b'{"type": "ADDED", "object": 7}\n',
        b'{"type": "MODIFIED", "object": {"metadata": {"name": 7}}}\n',
        b'{"type": "ADDED", "object": {"metadata": {"name": "x", "resourceVersion": ""}}}\n',
        b'{"type": "PARTY", "object": {}}\n',
        b"\n\n",
        b'{"type": "ADDED", "obj',
    ],
)
def test_nonsense_on_the_wire_stops_nothing(
    line: bytes, watched: Watched, api: FakeKubernetesApi
) -> None:
    watched.until_names("a")
    api.send(line)
    api.until("watch", 1)
    api.put(inference_service("b"))
    if not line.endswith(b"\n"):
        api.disconnect()
    watched.until_names("a", "b")


@pytest.mark.parametrize("settle_s", [0, 0.001, 0.01, 0.1])
def test_stopping_does_not_wait_for_the_watch(
    settle_s: float, watched: Watched, api: FakeKubernetesApi
) -> None:
    """Nor in the moment between the request and the answer's first byte."""
    api.until("watch", 1)
    time.sleep(settle_s)
    began = time.monotonic()
    watched.watch.stop()
    assert time.monotonic() - began < PACE.watch_s / 2
    assert not watched.watch._thread.is_alive()


def test_the_namespace_can_be_named(api: FakeKubernetesApi, tmp_path: Path) -> None:
    settings = DiscoverySettings(kubeconfig=kubeconfig(api, tmp_path), namespace="other")
    with pytest.raises(ClusterError, match="403"):
        connect(settings, PACE).list()


def test_missing_credentials_are_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="SPEECH_KUBECONFIG"):
        connect(DiscoverySettings(kubeconfig=tmp_path / "absent"), PACE)


@pytest.mark.parametrize("answer", [{}, {"items": None}, {"items": [], "metadata": {}}])
def test_a_list_that_is_none_is_an_error(
    answer: dict[str, object], api: FakeKubernetesApi, tmp_path: Path
) -> None:
    api.answer_list = lambda: json.loads(json.dumps(answer))  # type: ignore[method-assign]
    with pytest.raises(ClusterError, match="no list"):
        connect(DiscoverySettings(kubeconfig=kubeconfig(api, tmp_path)), PACE).list()
