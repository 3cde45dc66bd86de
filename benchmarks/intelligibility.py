"""What Whisper base hears of fifty sentences that Kokoro speaks, a language each.

The share of words that it gets wrong; of kana for Japanese and of pinyin with tones for Mandarin,
where the same sound is written in many ways. Whisper's own errors are in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import jiwer
from pypinyin import Style, lazy_pinyin

from benchmarks import material
from benchmarks.figures import Line
from benchmarks.setup import Setup
from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.tasks import AudioOutput, SynthesizeInput, TranscribeInput, TranscribeOutput
from predictors.models.kokoro.model import KokoroSynthesizer
from predictors.models.whisper.model import FasterWhisper
from predictors.runtime.direct import answers
from predictors.runtime.weights.store import WeightStore
from predictors.text.japanese.kokoro import read_japanese

SENTENCES = Path(__file__).parent / "sentences"
VOICES = {
    **{"en": "af_heart", "es": "ef_dora", "fr": "ff_siwis", "it": "if_sara", "pt": "pf_dora"},
    **{"ja": "jf_alpha", "zh": "zf_xiaobei"},
}
_LIMIT = 0.05
_LIMITED = frozenset(("en", "es", "fr", "it", "pt"))


def run(setup: Setup) -> Iterator[Line]:
    """One round: neither the voice nor Whisper's first try draws anything at random."""
    del setup
    for language in VOICES:
        yield measured(language)


def measured(language: str, n_sentences: int | None = None) -> Line:
    """The share of errors in the first `n_sentences` of a language."""
    weights = WeightStore().holder()
    voice = KokoroSynthesizer.load(_config("kokoro"), weights)
    listener = FasterWhisper.load(_config("whisper-base", short_windows=False), weights)
    texts = sentences(language)[:n_sentences]
    spell = SPELLINGS.get(language, words)
    heard = [_heard(listener, _spoken(voice, text, language), language) for text in texts]
    wrong = jiwer.wer([spell(text) for text in texts], [spell(text) for text in heard])
    weights.release()
    limit = _LIMIT if language in _LIMITED else None
    return Line(f"{language}, {len(texts)} sentences, {UNITS[language]}", "", wrong, limit=limit)


def sentences(language: str) -> list[str]:
    return (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def words(text: str) -> str:
    """Without case, marks and accents, on which Whisper is of two minds; figures as they are."""
    plain = unicodedata.normalize("NFD", text.lower().replace("œ", "oe"))
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", kept))


def _kana(text: str) -> str:
    """One symbol of the reading a word; the reading is that of our own front end."""
    sounds = "".join(token.symbols for token in read_japanese(text))
    return " ".join(char for char in sounds if char.isalpha() or char == "ː")


def _pinyin(text: str) -> str:
    han = "".join(re.findall(r"[\u4e00-\u9fff]", text))
    return " ".join(lazy_pinyin(han, style=Style.TONE3, neutral_tone_with_five=True))


SPELLINGS: dict[str, Callable[[str], str]] = {"ja": _kana, "zh": _pinyin}
UNITS = {**dict.fromkeys(VOICES, "words"), "ja": "sounds", "zh": "syllables with tones"}


def _config(name: str, **options: bool) -> ModelConfig:
    """short_windows: as Whisper was made, for an ear that is no part of what is measured."""
    return ModelConfig.model_validate(material.entry(name) | {"options": options})


def _spoken(voice: KokoroSynthesizer, text: str, language: str) -> Audio:
    [answer] = answers(voice, [SynthesizeInput(text, voice=VOICES[language])])
    assert isinstance(answer, AudioOutput), answer
    return answer.audio


def _heard(listener: FasterWhisper, audio: Audio, language: str) -> str:
    [answer] = answers(listener, [TranscribeInput(audio, language=language)])
    assert isinstance(answer, TranscribeOutput), answer
    return answer.text
