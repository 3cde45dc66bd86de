"""What is measured is what the tables say."""

from __future__ import annotations

import json

import pytest

from benchmarks import material
from benchmarks.imports import own_ms
from contract.config import parse_config
from ingress.text.sentences import split
from transport.decoding.reading import decode


def test_texts_are_as_long_as_their_peers_measured():
    assert [len(text) for text in material.TEXTS] == [38, 177, 711]
    assert len(split(material.TEN_SENTENCES, "en")) == 10


def test_clips_are_as_long_as_they_are_called():
    lengths = {
        name: decode(file, max_bytes=1 << 24, max_seconds=100).duration_s
        for name, file in material.clips().items()
    }
    assert lengths == pytest.approx({"2 s clip": 2, "11 s clip": 11}, abs=0.01)


def test_the_measured_models_are_those_that_are_shipped():
    config = parse_config(json.dumps(material.configuration()))
    shipped, full, voice = config.model_configs
    assert shipped == full.model_copy(update={"name": material.WHISPER, "options": {}})
    assert full.options == {"short_windows": False}
    assert voice.model_type == "PiperSynthesizer"


def test_import_times_are_summed_by_package():
    report = """import time: self [us] | cumulative | imported package
import time:      1500 |       1500 |     numpy.linalg
import time:       500 |       2000 |   numpy
import time:      3000 |       5000 | ingress.server
"""
    assert own_ms(report) == {"numpy": 2.0, "ingress": 3.0}
