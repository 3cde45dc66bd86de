"""The pod of `helm test`, against a real server that speaks the ingress's dialect."""

import http.server
import io
import json
import runpy
import threading
import wave
from collections.abc import Iterator

import pytest
from chart import CHART, render
from helm_values import of_kind

main = runpy.run_path(str(CHART / "files" / "speak_and_listen.py"))["main"]
TEXT = "The quick brown fox"


class SpeechApi(http.server.ThreadingHTTPServer):
    """Speaks silence; hears `heard`. Answers `status` once it is not 200."""

    heard = "the quick brown box"
    status = 200
    sound: bytes

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None, bytes]] = []
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(b"\0\0" * 1600)
        self.sound = buffer.getvalue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: SpeechApi

    def do_GET(self) -> None:
        self._answer(b"", json.dumps({"data": [{"id": "voice"}, {"id": "ear"}]}).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        spoken = self.path.endswith("/speech")
        heard = json.dumps({"text": self.server.heard}).encode()
        self._answer(body, self.server.sound if spoken else heard)

    def _answer(self, body: bytes, answer: bytes) -> None:
        self.server.asked.append((self.path, self.headers.get("authorization"), body))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def api() -> Iterator[SpeechApi]:
    with SpeechApi() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _run(api: SpeechApi, speaker: str = "voice", listener: str = "ear") -> int:
    return main(
        [f"--url={api.url}", f"--speaker={speaker}", f"--listener={listener}", f"--text={TEXT}"]
    )


def test_what_was_spoken_is_sent_back_and_compared(api) -> None:
    assert _run(api) == 0
    paths = [path for path, _, _ in api.asked]
    assert paths == ["/v1/models", "/v1/audio/speech", "/v1/audio/transcriptions"]
    assert json.loads(api.asked[1][2])["model"] == "voice"
    assert api.sound in api.asked[2][2]


def test_other_words_fail(api, capsys) -> None:
    api.heard = "something else altogether"
    assert _run(api) == 1
    assert "0% of the words" in capsys.readouterr().out


def test_an_error_is_shown_with_its_status(api, capsys) -> None:
    api.status = 503
    assert _run(api) == 1
    assert "answered 503" in capsys.readouterr().out


def test_a_missing_model_is_named(api, capsys) -> None:
    assert _run(api, speaker="mute") == 1
    assert "does not list mute" in capsys.readouterr().out


def test_an_answer_that_is_no_sound_fails(api, capsys) -> None:
    api.sound = b"<html>"
    assert _run(api) == 1
    assert "no WAV" in capsys.readouterr().out


def test_without_a_listener_speech_is_enough(api) -> None:
    assert _run(api, listener="") == 0
    assert len(api.asked) == 2


def test_nobody_at_the_door_fails(capsys) -> None:
    assert main(["--url=http://127.0.0.1:9", "--text=x", "--timeout-s=2"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_the_pod_asks_the_ingress_for_models_that_are_deployed(rendered) -> None:
    pod = of_kind(rendered("default"), "Pod")["harmony-speech-test"]
    options = dict(one.split("=", 1) for one in pod["spec"]["containers"][0]["args"])
    assert options["--speaker"] == "piper-en"
    assert options["--listener"] == "whisper-base"
    assert options["--url"] == "http://harmony-speech-ingress.harmony-speech.svc.cluster.local:80"
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"


def test_a_model_that_speaks_grpc_alone_is_not_asked_for() -> None:
    """The ingress does not list it, whatever the alphabet says."""
    entries = {
        "a-voice": {"model": "a.onnx", "model_type": "PiperSynthesizer", "protocol": "grpc"},
        "an-ear": {"model": "b", "model_type": "FasterWhisper", "protocol": "grpc"},
    }
    sets = [f"models.{name}={json.dumps(one)}" for name, one in entries.items()]
    objects = render(sets=sets, with_tests=True)
    arguments = of_kind(objects, "Pod")["harmony-speech-test"]["spec"]["containers"][0]["args"]
    assert {"--speaker=piper-en", "--listener=whisper-base"} < set(arguments)


@pytest.mark.parametrize("kind", ["Pod", "ConfigMap"])
def test_a_test_that_passed_leaves_nothing_for_uninstall_to_forget(kind, rendered) -> None:
    """Helm removes what it lists as the release's, which hooks are not (helm/helm v4.2.4
    pkg/action/uninstall.go, deleteRelease; pkg/action/hooks.go:180)."""
    annotations = of_kind(rendered("default"), kind)["harmony-speech-test"]["metadata"][
        "annotations"
    ]
    policy = annotations["helm.sh/hook-delete-policy"].split(",")
    assert policy == ["before-hook-creation", "hook-succeeded"]


def test_the_key_comes_from_the_secret(rendered) -> None:
    pod = of_kind(rendered("gpu-pool"), "Pod")["harmony-speech-test"]["spec"]["containers"][0]
    secret = {"name": "speech-api-keys", "key": "keys"}
    assert pod["env"] == [{"name": "API_KEYS", "valueFrom": {"secretKeyRef": secret}}]
