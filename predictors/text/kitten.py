"""KittenTTS text front end: English text -> chunks of symbol ids, each with its row of styles.

text -> numbers and titles as words -> sentences of at most 400 characters -> espeak-ng's IPA -> ids
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from predictors.text.english.melo import spell_out
from predictors.text.errors import NoSpeakableText
from predictors.text.espeak import clause_ipa
from predictors.text.kokoro_tokens import plain_marks
from predictors.text.plain_characters import drop_invisible

MAX_CHARACTERS = 400
"""Of a chunk; also the number of a voice's rows."""

_RUNS = {
    **{0: "$;:,.!?¡¿—…", 12: "«»", 15: '" ', 17: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{
        43: "abcdefghijklmnopqrstuvwxyz",
        69: "ɑɐɒæɓʙβɔɕçɗɖðʤəɘɚɛɜɝɞɟʄɡɠɢʛɦɧħɥʜɨɪʝɭɬɫɮʟɱɯɰŋɳɲɴøɵɸθœɶ",
    },
    **{122: "ʘɹɺɾɻʀʁɽʂʃʈʧʉʊʋⱱʌɣɤʍχʎʏʑʐʒʔʡʕʢǀǁǂǃˈˌːˑʼʴʰʱʲʷˠˤ˞↓↑→↗↘", 175: "̩'ᵻ"},
}
"""First id of a run → its symbols (KittenML/KittenTTS, kittentts/onnx_model.py, TextCleaner)."""
_IDS = {symbol: first + i for first, run in _RUNS.items() for i, symbol in enumerate(run)}
_START, _ELLIPSIS = 0, 10
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$|[\"”)])")
_FINAL_MARKS = ".!?,;:"
_MARK = r"""[;:,.!?¡¿—…"«»“”()]"""
_CLAUSE = re.compile(rf"(?:(?!{_MARK})[^\n])+|{_MARK}")
_SYMBOL = re.compile(r"\w+|[^\w\s]")
_VOICE = "en-us"


@dataclass(frozen=True)
class Chunk:
    text: str
    ids: tuple[int, ...]

    @property
    def row(self) -> int:
        """Of a voice's styles: one for each length of text."""
        return min(len(self.text), MAX_CHARACTERS - 1)


def read_chunks(text: str) -> list[Chunk]:
    """Chunks to be spoken one after another. Raises NoSpeakableText when nothing is left."""
    words = spell_out(plain_marks(drop_invisible(text)))
    texts = [part for sentence in _SENTENCE_END.split(words) for part in _parts(sentence)]
    chunks = [Chunk(part, chunk_ids(part)) for part in texts if any(map(str.isalnum, part))]
    spoken = [chunk for chunk in chunks if any(_is_letter(one) for one in chunk.ids)]
    if not spoken:
        raise NoSpeakableText("English")
    return spoken


def chunk_ids(chunk: str) -> tuple[int, ...]:
    """Ids of a chunk's sounds and marks, with what the voices expect at both ends."""
    spoken = " ".join(_clauses(chunk))
    symbols = " ".join(_SYMBOL.findall(spoken))
    return (_START, *(_IDS[one] for one in symbols if one in _IDS), _ELLIPSIS, _START)


def _clauses(chunk: str) -> Iterator[str]:
    for match in _CLAUSE.finditer(chunk):
        part = match[0]
        yield part if re.fullmatch(_MARK, part) else clause_ipa(part, _VOICE).replace("^", "")


def _is_letter(symbol: int) -> bool:
    return 17 <= symbol < 156 or symbol == 177


def _parts(sentence: str) -> Iterator[str]:
    """At most 400 characters each, cut at spaces; the last mark is a comma, as in training."""
    rest = " ".join(sentence.split())
    while rest:
        cut = rest if len(rest) < MAX_CHARACTERS else rest[: MAX_CHARACTERS - 1].rpartition(" ")[0]
        cut = cut or rest[: MAX_CHARACTERS - 1]
        rest = rest[len(cut) :].strip()
        cut = cut.strip()
        yield cut if cut[-1:] in _FINAL_MARKS else f"{cut},"
