"""Every public checkpoint is recognised by the names in it, in its container and without."""

from typing import Any

import pytest
from golden_weights import PARITY

from predictors.nn.checkpoint_hints import looks_like_another

_RECORDED = {
    "HarmonySpeechEncoder": "HarmonySpeechEncoder",
    "HarmonySpeechEncoder_256_resemblyzer_rtvc": "HarmonySpeechEncoder",
    "HarmonySpeechSynthesizer": "HarmonySpeechSynthesizer",
    "HarmonySpeechVocoder": "HarmonySpeechVocoder",
    "MeloTTSSynthesizer": "MeloTTSSynthesizer",
    "OpenVoiceV1Synthesizer": "OpenVoiceV1Synthesizer",
    "OpenVoiceToneConverter_V1_V2": "an OpenVoice tone converter",
    "VoiceFixerRestorer": "VoiceFixerRestorer",
    "VoiceFixerVocoder": "VoiceFixerVocoder",
}


@pytest.mark.parametrize(("recorded", "kind"), _RECORDED.items(), ids=_RECORDED)
def test_a_public_checkpoint_is_recognised(recorded: str, kind: str):
    lines = (PARITY / "state_dicts" / f"{recorded}.txt").read_text().splitlines()
    state: dict[str, Any] = {line.split()[0]: 1.0 for line in lines}
    for content in (state, {"model": state}, {"model": {"generator": state}, "steps": 7}):
        assert f"({kind})" in looks_like_another(content)


@pytest.mark.parametrize("content", [{}, {"a": {"b": {"c": {"similarity_weight": 1}}}}, {"x": 1}])
def test_an_unknown_one_is_not_guessed(content: dict[str, Any]):
    assert looks_like_another(content).startswith("This looks like another family:")
