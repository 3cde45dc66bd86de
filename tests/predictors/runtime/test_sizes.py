"""What a request holds in memory."""

import tracemalloc

import numpy as np

from contract.audio.codec import Audio, read_wav, wav_bytes
from contract.tasks import SynthesizeInput, TranscribeInput
from predictors.runtime.sizes import size_of


def test_a_recording_is_its_samples() -> None:
    request = TranscribeInput(Audio(np.zeros(16_000, np.float32), 16_000))
    assert 64_000 <= size_of(request) < 65_000


def test_a_recording_that_is_still_a_file_counts_as_what_it_will_be_and_stays_a_file() -> None:
    file = wav_bytes(Audio(np.zeros(1_000_000, np.float32), 16_000))
    request = TranscribeInput(read_wav(file))
    tracemalloc.start()
    try:
        assert len(file) + 4_000_000 <= size_of(request) < len(file) + 4_001_000
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert request.audio.samples.nbytes == 4_000_000


def test_a_text_is_its_characters() -> None:
    assert 1000 <= size_of(SynthesizeInput("a" * 1000)) < 1500


def test_sequences_count_what_they_hold() -> None:
    assert size_of([np.zeros(10), (1, 2, 3), b"abc"]) == 80 + 24 + 3
