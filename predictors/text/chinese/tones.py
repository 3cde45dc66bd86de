"""Mandarin tone sandhi: how tones change inside words.

The rules are those of PaddleSpeech's front end, which the Chinese voices were trained with: word
boundaries are moved first, then each word gets its tones, then four rules change them in order.
Tones are 1 to 4, and 5 for the neutral one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from predictors.text.chinese.neutral_words import NEVER_NEUTRAL, is_always_neutral

_THIRD, _FOURTH, _NEUTRAL = 3, 4, 5
_MAX_MERGED_CHARACTERS = 3

_PARTICLES = frozenset("吧呢啊呐噻嘛吖嗨哦哒额滴哩哟喽啰耶喔诶的地得")
_NOUN_SUFFIXES = frozenset("们子")
_PLACE_SUFFIXES = frozenset("上下里")
_PLACE_TAGS = frozenset("slf")
_DIRECTIONS = frozenset("来去")
_BEFORE_DIRECTION = frozenset("上下进出回过起开")
_BEFORE_MEASURE_GE = frozenset("几有两半多各整每做是")

ReadTones = Callable[[str], list[int]]
"""Dictionary tones of a word, one per character; 0 for a character that has none."""

SplitWord = Callable[[str], tuple[str, str]]
"""The two parts of a compound, the second one "" when there is none: 展览馆 -> 展览, 馆."""


@dataclass(frozen=True)
class Word:
    """A word and its part of speech in jieba's tags."""

    text: str
    tag: str


def move_boundaries(words: Sequence[Word], read_tones: ReadTones) -> list[Word]:
    """Join what is said in one breath, so that tones can act on each other."""
    joined = _join_forward(list(words), "不")
    joined = _join_forward(_join_verb_yi_verb(joined), "一")
    joined = _join_repeated(joined)
    joined = _join_third_tones(joined, read_tones, whole_words=True)
    joined = _join_third_tones(joined, read_tones, whole_words=False)
    return _join_er(joined)


def change_tones(word: Word, tones: Sequence[int], split: SplitWord) -> list[int]:
    """The tones of one word as it is said; `tones` are its dictionary tones."""
    changed = _change_bu(word.text, list(tones))
    changed = _change_yi(word.text, changed)
    changed = _make_neutral(word, changed, split)
    return _change_third_tones(word.text, changed, split)


def _join_forward(words: list[Word], particle: str) -> list[Word]:
    """A lone `particle` joins the word after it, which keeps its tag."""
    joined: list[Word] = []
    for word in words:
        if joined and joined[-1].text == particle:
            joined[-1] = Word(particle + word.text, word.tag)
        else:
            joined.append(word)
    return joined


def _join_verb_yi_verb(words: list[Word]) -> list[Word]:
    """看 一 看 is one word."""
    joined: list[Word] = []
    for word in words:
        is_repeat = len(joined) >= 2 and joined[-1].text == "一" and joined[-2] == word
        if is_repeat and word.tag == "v":
            joined[-2:] = [replace(word, text=f"{word.text}一{word.text}")]
        else:
            joined.append(word)
    return joined


def _join_repeated(words: list[Word]) -> list[Word]:
    """看 看 is one word."""
    runs = (list(run) for _, run in groupby(words, key=lambda word: word.text))
    return [replace(run[0], text=run[0].text * len(run)) for run in runs]


def _join_third_tones(words: list[Word], read_tones: ReadTones, *, whole_words: bool) -> list[Word]:
    """Join two short neighbours whose tones (all of them, or those that touch) are third.

    A word is joined once, so that a chain of third tones falls into groups.
    """
    tones = [read_tones(word.text) for word in words]
    joined: list[Word] = []
    is_joined = False
    for i, word in enumerate(words):
        before = words[i - 1] if i else None
        if before is not None and not is_joined:
            touching = (
                [*tones[i - 1], *tones[i]] if whole_words else [tones[i - 1][-1], tones[i][0]]
            )
            is_joined = (
                set(touching) == {_THIRD}
                and not _is_doubled(before.text)
                and len(before.text) + len(word.text) <= _MAX_MERGED_CHARACTERS
            )
        else:
            is_joined = False
        if is_joined:
            joined[-1] = replace(joined[-1], text=joined[-1].text + word.text)
        else:
            joined.append(word)
    return joined


def _join_er(words: list[Word]) -> list[Word]:
    """儿 belongs to the word before it."""
    joined: list[Word] = []
    for word in words:
        if joined and word.text == "儿":
            joined[-1] = replace(joined[-1], text=joined[-1].text + word.text)
        else:
            joined.append(word)
    return joined


def _is_doubled(text: str) -> bool:
    return len(text) == 2 and text[0] == text[1]


def _change_bu(text: str, tones: list[int]) -> list[int]:
    """不 is neutral inside 看不懂, and rises before a falling tone."""
    if len(text) == 3 and text[1] == "不":
        return [tones[0], _NEUTRAL, tones[2]]
    for i, (character, following) in enumerate(zip(text, tones[1:], strict=False)):
        if character == "不" and following == _FOURTH:
            tones[i] = 2
    return tones


def _change_yi(text: str, tones: list[int]) -> list[int]:
    """一 keeps its tone in figures and ordinals; elsewhere it follows the next tone."""
    if "一" not in text or text.isnumeric():
        return tones
    if len(text) == 3 and text[1] == "一" and text[0] == text[2]:
        return [tones[0], _NEUTRAL, tones[2]]
    if text.startswith("第一"):
        return [tones[0], 1, *tones[2:]]
    for i, (character, following) in enumerate(zip(text, tones[1:], strict=False)):
        if character == "一":
            tones[i] = 2 if following == _FOURTH else 4
    return tones


def _make_neutral(word: Word, tones: list[int], split: SplitWord) -> list[int]:
    text = word.text
    if word.tag[:1] in ("n", "v", "a") and text not in NEVER_NEUTRAL:
        for i, (character, following) in enumerate(pairwise(text)):
            if character == following:
                tones[i + 1] = _NEUTRAL
    at_ge = _measure_ge(text)
    if text[-1] in _PARTICLES or _ends_in_suffix(word) or is_always_neutral(text):
        tones[-1] = _NEUTRAL
    elif at_ge is not None:
        tones[at_ge] = _NEUTRAL
    first, _ = split(text)
    if is_always_neutral(first):
        tones[len(first) - 1] = _NEUTRAL
    return tones


def _ends_in_suffix(word: Word) -> bool:
    if len(word.text) < 2:
        return False
    before, last = word.text[-2], word.text[-1]
    if last in _NOUN_SUFFIXES and word.tag in ("r", "n"):
        return word.text not in NEVER_NEUTRAL
    if last in _PLACE_SUFFIXES and word.tag in _PLACE_TAGS:
        return True
    return last in _DIRECTIONS and before in _BEFORE_DIRECTION


def _measure_ge(text: str) -> int | None:
    """Place of the measure word 个, as in 三个; None when there is none."""
    if text == "个":
        return 0
    at = text.find("个")
    is_counted = at > 0 and (text[at - 1].isnumeric() or text[at - 1] in _BEFORE_MEASURE_GE)
    return at if is_counted else None


def _change_third_tones(text: str, tones: list[int], split: SplitWord) -> list[int]:
    """A third tone before another rises; longer words are taken by their parts."""
    if len(tones) == 2:
        return _raise_first(tones)
    if len(tones) == 3:
        cut = len(split(text)[0])
        return _change_two_parts(tones[:cut], tones[cut:])
    if len(tones) == 4:
        return [*_raise_first(tones[:2]), *_raise_first(tones[2:])]
    return tones


def _change_two_parts(first: list[int], second: list[int]) -> list[int]:
    """纸老虎 is 3 2 3, 展览馆 2 2 3; a part that keeps its end lets the one before it rise."""
    is_all_third = set(first + second) == {_THIRD}
    first, second = _raise_first(first), _raise_first(second)
    if first[-1:] == second[:1] == [_THIRD] and (is_all_third or len(second) > 1):
        first[-1] = 2
    return [*first, *second]


def _raise_first(tones: list[int]) -> list[int]:
    return [2, _THIRD] if tones == [_THIRD, _THIRD] else list(tones)
