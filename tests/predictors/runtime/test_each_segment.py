"""embed_speaker with each_segment: one vector a segment, whatever the encoder."""

import numpy as np
import pytest
from loaded_model import answered, loaded, refused
from tiny_models import SAMPLE_RATE, TinyEncoder, tones

from contract.audio.codec import Audio
from contract.errors import InvalidAudio
from contract.tasks import EmbedSpeakerInput, EmbedSpeakerOutput, SpeechSegment

HEARD = Audio(
    np.concatenate([tones([400.0], 1.0), np.zeros(SAMPLE_RATE, np.float32), tones([900.0], 1.0)]),
    SAMPLE_RATE,
)
LOW, SILENT, HIGH = (SpeechSegment(float(at), at + 1.0) for at in range(3))


class PickyEncoder(TinyEncoder):
    """Refuses silence, as the real ones do."""

    def check(self, request: EmbedSpeakerInput) -> None:
        if not np.abs(request.audio.samples).any():
            raise InvalidAudio("audio is silent", param="audio")


@pytest.fixture
def encoder() -> PickyEncoder:
    return loaded(PickyEncoder, "tiny")


def asked(*segments: SpeechSegment) -> EmbedSpeakerInput:
    return EmbedSpeakerInput(HEARD, segments, each_segment=True)


def alone(encoder: PickyEncoder, segment: SpeechSegment) -> np.ndarray:
    start, end = (round(at * SAMPLE_RATE) for at in (segment.start_s, segment.end_s))
    part = EmbedSpeakerInput(Audio(HEARD.samples[start:end], SAMPLE_RATE))
    vector = answered(encoder, part, EmbedSpeakerOutput).embedding.vector
    return vector / np.linalg.norm(vector)


def test_a_segment_s_vector_is_that_of_its_sound_alone(encoder: PickyEncoder):
    answer = answered(encoder, asked(HIGH, LOW), EmbedSpeakerOutput)
    np.testing.assert_allclose(answer.segment_embeddings[0], alone(encoder, HIGH), rtol=1e-5)
    np.testing.assert_allclose(answer.segment_embeddings[1], alone(encoder, LOW), rtol=1e-5)


def test_the_embedding_is_the_mean_of_the_segments(encoder: PickyEncoder):
    answer = answered(encoder, asked(HIGH, LOW), EmbedSpeakerOutput)
    mean = answer.segment_embeddings.sum(axis=0)
    np.testing.assert_allclose(answer.embedding.vector, mean / np.linalg.norm(mean), rtol=1e-5)


def test_a_segment_without_a_voice_is_a_row_of_zeros(encoder: PickyEncoder):
    answer = answered(encoder, asked(LOW, SILENT, HIGH), EmbedSpeakerOutput)
    assert answer.segment_embeddings.any(axis=1).tolist() == [True, False, True]


def test_where_no_segment_has_a_voice_the_request_is_refused(encoder: PickyEncoder):
    assert "silent" in refused(encoder, asked(SILENT)).message


@pytest.mark.parametrize("segments", [(), (LOW,) * 513])
def test_segments_are_needed_and_bounded(encoder: PickyEncoder, segments: tuple):
    refusal = refused(encoder, asked(*segments))
    assert refusal.param == "segments"
    assert "512" in refusal.message


def test_without_each_segment_there_are_no_rows(encoder: PickyEncoder):
    answer = answered(encoder, EmbedSpeakerInput(HEARD), EmbedSpeakerOutput)
    assert answer.segment_embeddings is None
