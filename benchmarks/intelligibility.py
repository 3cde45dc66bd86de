"""What Whisper base hears of fifty sentences that Kokoro speaks, a language each.

The share of words that it gets wrong; of kana for Japanese and of pinyin with tones for Mandarin,
where the same sound is written in many ways. Whisper's own errors are in it.

One rule for both sides of a comparison: no capitals, marks or accents; figures in words; what one
side writes as one word and the other as two is the same word. For the languages that espeak-ng
reads a second figure tells Whisper's spelling from what was said: words that it writes otherwise
and that sound alike (part, par) are the same there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import jiwer
from pypinyin import Style, lazy_pinyin

from benchmarks import material
from benchmarks.figures import Line
from benchmarks.setup import Setup
from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.tasks import AudioOutput, SynthesizeInput, TranscribeInput, TranscribeOutput
from ingress.text.vocabulary import Locale
from ingress.text.written_forms import read_written_forms
from predictors.models.kokoro.model import KokoroSynthesizer
from predictors.models.whisper.model import FasterWhisper
from predictors.runtime.direct import answers
from predictors.runtime.weights.store import WeightStore
from predictors.text.espeak import clause_ipa
from predictors.text.japanese.kokoro import read_japanese
from predictors.text.kokoro import LANGUAGES, letters_of

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
        yield from measured(language)


def measured(language: str, n_sentences: int | None = None) -> Iterator[Line]:
    """The share of errors in the first `n_sentences` of a language."""
    weights = WeightStore().holder()
    voice = KokoroSynthesizer.load(_config("kokoro"), weights)
    listener = FasterWhisper.load(_config("whisper-base", short_windows=False), weights)
    texts = sentences(language)[:n_sentences]
    heard = [_heard(listener, _spoken(voice, text, language), language) for text in texts]
    weights.release()
    case = f"{language}, {len(texts)} sentences, {UNITS[language]}"
    limit = _LIMIT if language in _LIMITED else None
    yield Line(case, "", errors(texts, heard, language), limit=limit)
    if _espeak_voice(language):
        yield Line(f"{case} by sound", "", errors(texts, heard, language, by_sound=True))


def errors(
    texts: Sequence[str], heard: Sequence[str], language: str, *, by_sound: bool = False
) -> float:
    """The share of what was said that was heard otherwise."""
    if spell := SPELLINGS.get(language):
        return jiwer.wer([spell(text) for text in texts], [spell(text) for text in heard])
    locale = Locale(language)
    said, got = (
        [words(read_written_forms(text, locale), keeps_accents=by_sound).split() for text in side]
        for side in (texts, heard)
    )
    pairs = [(_joined(a, b), _joined(b, a)) for a, b in zip(said, got, strict=True)]
    if by_sound:
        pairs = [(_sounds(a, language), _sounds(b, language)) for a, b in pairs]
    return jiwer.wer([" ".join(a) for a, _ in pairs], [" ".join(b) for _, b in pairs])


def _joined(written: list[str], other: list[str]) -> list[str]:
    """Two words as one where the other side has them so: mezza notte, mezzanotte."""
    known, kept = set(other), list[str]()
    for word in written:
        if kept and kept[-1] not in known and kept[-1] + word in known:
            kept[-1] += word
        else:
            kept.append(word)
    return kept


def _sounds(written: list[str], language: str) -> list[str]:
    """Each word as espeak-ng says it alone, without stress."""
    voice = _espeak_voice(language)
    return [re.sub("[ˈˌ ]", "", clause_ipa(word, voice)) or word for word in written]


def _espeak_voice(language: str) -> str:
    """That of Kokoro's front end; "" where another reads the language."""
    return LANGUAGES[letters_of(language)[0]].espeak_voice


def sentences(language: str) -> list[str]:
    return (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()


def words(text: str, *, keeps_accents: bool = False) -> str:
    """Without case, marks and accents, on which Whisper is of two minds."""
    plain = unicodedata.normalize("NFD", text.lower().replace("œ", "oe"))
    kept = "".join(char for char in plain if keeps_accents or not unicodedata.combining(char))
    kept = unicodedata.normalize("NFC", kept)
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
