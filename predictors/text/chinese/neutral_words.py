"""Words whose last syllable is always neutral, whatever its character says elsewhere."""

from importlib.resources import files

from predictors.text.load_once import load_once

NEVER_NEUTRAL = frozenset(
    # Here 子 is a child or a particle of physics, not the suffix; 人人 is no doubled verb.
    ("男子", "女子", "分子", "原子", "量子", "电子", "离子", "质子", "中子", "粒子", "光子")
    + ("王子", "太子", "才子", "弟子", "君子", "孔子", "老子", "孟子", "父子", "母子", "学子")
    + ("莲子", "石子", "瓜子", "人人", "虎虎")
)


def is_always_neutral(word: str) -> bool:
    """True when `word`, or what its last two characters say, ends in a neutral syllable."""
    words = _always_neutral()
    return word in words or word[-2:] in words


@load_once
def _always_neutral() -> frozenset[str]:
    data = files("predictors.text").joinpath("data", "mandarin_neutral_words.txt")
    return frozenset(data.read_text(encoding="utf-8").split())
