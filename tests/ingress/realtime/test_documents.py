"""The examples of docs/realtime.md: one runs here, the others are parts of programs that run."""

from __future__ import annotations

import asyncio
import re
import sys
import textwrap
import wave
from pathlib import Path

import pytest
from level_client import counted
from realtime_server import RATE, spoken

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / "tests/e2e/voice_agents"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[str]:
    return _BLOCK.findall((ROOT / "docs/realtime.md").read_text(encoding="utf-8"))


async def test_the_first_example_runs(url: str, tmp_path: Path) -> None:
    example = blocks()[0]
    assert "http://127.0.0.1:8080" in example
    (tmp_path / "example.py").write_text(example.replace("http://127.0.0.1:8080", url))
    with wave.open(str(tmp_path / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(spoken(1.5).tobytes())
    program = await asyncio.create_subprocess_exec(
        sys.executable, "example.py", cwd=tmp_path, stdout=-1, stderr=-1
    )
    printed, errors = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 0, errors.decode()
    assert f"=> {counted(1.5)}" in printed.decode()


@pytest.mark.parametrize(("number", "program"), [(1, "livekit_stt.py"), (2, "pipecat_stt.py")])
def test_the_others_are_what_runs(number: int, program: str) -> None:
    text = (PROGRAMS / program).read_text(encoding="utf-8")
    lines = [textwrap.dedent(line).strip() for line in text.splitlines()]
    wanted = [line.strip() for line in blocks()[number].splitlines()]
    assert any(lines[at : at + len(wanted)] == wanted for at in range(len(lines)))
