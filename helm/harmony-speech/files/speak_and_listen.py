"""helm test: has a sentence spoken through the ingress, then has the recording transcribed.

Runs in the ingress image, which has httpx. Exit status 0: at least half of the words came back.
Models that are not deployed are left out: without a speaker there is nothing to do but list models.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence

import httpx

WAV_HEADER_BYTES = 44
SHARE_OF_WORDS = 0.5


class TestFailed(Exception):
    """The message says what came back instead."""


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    keys = os.environ.get("API_KEYS", "").split()
    headers = {"authorization": f"Bearer {keys[0]}"} if keys else {}
    try:
        with httpx.Client(
            base_url=options.url, headers=headers, timeout=options.timeout_s
        ) as client:
            _run(client, options)
    except (httpx.HTTPError, TestFailed) as exc:
        _say(f"FAILED: {exc}")
        return 1
    _say("OK")
    return 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--speaker", default="")
    parser.add_argument("--listener", default="")
    parser.add_argument("--text", required=True)
    parser.add_argument("--timeout-s", type=float, default=300)
    return parser.parse_args(argv)


def _run(client: httpx.Client, options: argparse.Namespace) -> None:
    names = {model["id"] for model in _checked(client.get("/v1/models")).json()["data"]}
    _say(f"models: {', '.join(sorted(names))}")
    missing = {options.speaker, options.listener} - {""} - names
    if missing:
        raise TestFailed(f"/v1/models does not list {', '.join(sorted(missing))}")
    if not options.speaker:
        return
    sound = _speak(client, options.speaker, options.text)
    if options.listener:
        _compare(options.text, _listen(client, options.listener, sound))


def _speak(client: httpx.Client, model: str, text: str) -> bytes:
    began = time.monotonic()
    body = {"model": model, "input": text, "voice": "alloy", "response_format": "wav"}
    sound = _checked(client.post("/v1/audio/speech", json=body)).content
    if not sound.startswith(b"RIFF") or len(sound) <= WAV_HEADER_BYTES:
        raise TestFailed(f"{model} sent {len(sound)} bytes that are no WAV")
    _say(f"{model} spoke {len(sound)} bytes in {time.monotonic() - began:.1f} s")
    return sound


def _listen(client: httpx.Client, model: str, sound: bytes) -> str:
    began = time.monotonic()
    answer = client.post(
        "/v1/audio/transcriptions",
        data={"model": model, "response_format": "json"},
        files={"file": ("speech.wav", sound, "audio/wav")},
    )
    heard: str = _checked(answer).json()["text"]
    _say(f"{model} heard {heard!r} in {time.monotonic() - began:.1f} s")
    return heard


def _compare(said: str, heard: str) -> None:
    wanted = _words(said)
    share = len(wanted & _words(heard)) / max(1, len(wanted))
    if share < SHARE_OF_WORDS:
        raise TestFailed(f"only {share:.0%} of the words came back")


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise TestFailed(
        f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
