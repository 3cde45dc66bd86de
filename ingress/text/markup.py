"""Text as people and assistants send it, made into the words that a person would read aloud.

Markdown keeps its words and loses its marks, a link is read by its text, an address without its
scheme, emoji and invisible characters are not read at all. Text without markup stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # both are imported when the first text is spoken: a server starts without them
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_TERMINAL = re.compile(r"\x1b\[[0-9;]{0,32}[A-Za-z]")
"""Colours of a terminal."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_INVISIBLE = re.compile(
    r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff\ufff9-\ufffb]"
)
_LINE_ENDS = re.compile(r"[\u2028\u2029]")
_READ_SYMBOLS = "©®™"
"""Emoji by Unicode's tables, words to a reader."""
_INLINE_BLOCK = re.compile(
    r"(?<=[.!?:;。！？])[ \t]+(?=(?:#{1,6}|[*+•-])[ \t]+\S)|[ \t]+(?=#{2,6}[ \t]+\S)"
)
"""Where a heading or an item begins in a text whose line ends were lost."""
_OTHER_BULLET = re.compile(r"^[ \t]*[•‣◦▪·–—][ \t]+", re.MULTILINE)
_TASK = re.compile(r"\[[ xX]\]\s+")
"""The box of an item of a task list."""
_FOOTNOTE = re.compile(r"[ \t]*\[\^[^\[\]\s]{1,32}\](?::[ \t]*)?")
_BLOCK_TAG = re.compile(r"</?(?:p|div|ul|ol|li|br|h[1-6]|tr|table|section|article)\b[^<>]*>", re.I)
"""Where a line ends in HTML."""
_CELL_TAG = re.compile(r"</t[dh]>\s{0,32}(?=<t[dh]\b)", re.I)
_UNREAD = re.compile(r"<(script|style)\b[^<>]*>[^<]*</\1>|<!--[^<>]*-->", re.I)
_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(
    r"\bhttps?://(?:www\.)?([^\s/?#]+)(/[^\s?#]*)?(?:[?#]\S*?)?(?=[.,;:!?)]*(?:\s|$))"
)
_SHORT_PATH = 24
"""Characters of a path that are still read; longer ones only tell a machine something."""
_ENDS = ".!?:;,…。！？：；，、"
_EMOTICON = re.compile(r"(?<!\S)(?:[:;]['’]?-?[)(DPpO/|]|[:;]-?\]|xD|XD|<3)(?=\s|$|[.,!?])")
_WIDE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]$")


def visible_text(text: str) -> str:
    """The text without control and invisible characters."""
    return _CONTROL.sub(
        " ", _LINE_ENDS.sub("\n", _INVISIBLE.sub("", _TERMINAL.sub("", text)))
    ).strip()


def spoken_text(text: str, *, keeps_schemes: bool = False) -> str:
    """What a person would read aloud of `text`; markdown of any length, in any language.

    `keeps_schemes` where https:// tells whoever reads on that an address begins.
    """
    lines = _OTHER_BULLET.sub("* ", _INLINE_BLOCK.sub("\n", without_emoji(text)))
    blocks = _blocks(_parser().parse(visible_text(lines)))
    words = "\n\n".join(block for block in blocks if block)
    return _ADDRESS.sub(partial(_read_address, keeps_schemes), words)


def without_emoji(text: str) -> str:
    """The text without emoji and :-), and without the space that they leave before a full stop."""
    from emoji import replace_emoji

    kept = replace_emoji(text, lambda found, _: found if found[0] in _READ_SYMBOLS else " ")
    kept = _EMOTICON.sub(" ", kept)
    return re.sub(r"(?<=\S)[ \t]+(?=[.,;!?](?:\s|$))|[ \t]{2,}", _one_space, kept)


def _one_space(found: re.Match[str]) -> str:
    """Of what an emoji leaves behind: nothing before a full stop, one space between words."""
    following = found.string[found.end() : found.end() + 1]
    return "" if following in ".,;!?" else " "


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return parser.disable(["code", "reference"])  # indented prose is no code; nor are [1] links


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    """One text for each paragraph, heading, item and table row, in order."""
    opened: list[str] = []
    prefix, cells = "", list[str]()
    for token in tokens:
        if token.nesting == 1:
            opened.append(token.type)
            if token.type == "list_item_open" and token.info:
                prefix = f"{token.info}. "
        elif token.nesting == -1:
            opened.pop()
            if token.type == "tr_close":
                yield _ended(", ".join(filter(None, cells)))
                cells = []
        elif token.type == "inline":
            text = prefix + _inline(token.children or (), is_item="list_item_open" in opened)
            prefix = ""
            if "tr_open" in opened:
                cells.append(text)
            elif opened == ["paragraph_open"]:
                yield text
            else:
                yield _ended(text)
        elif token.type in ("fence", "html_block"):
            yield _html(token.content) if token.type == "html_block" else token.content


def _html(content: str) -> str:
    """The words of a block of HTML, a line for each paragraph, item and row."""
    cells = _CELL_TAG.sub(", ", _UNREAD.sub("", content))
    text = unescape(_TAG.sub("", _BLOCK_TAG.sub("\n", cells)))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(map(_ended, lines)) if len(lines) > 1 else "".join(lines)


def _inline(tokens: Sequence[Token], *, is_item: bool) -> str:
    text = "".join(_inline_part(token) for token in tokens).strip()
    if is_item and (box := _TASK.match(text)):
        text = text[box.end() :]
    return _FOOTNOTE.sub("", text)


def _inline_part(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    if token.type == "html_inline":
        return "\n" if token.content.startswith("<br") else ""
    return token.content if token.type in ("text", "code_inline", "image") else ""


def _read_address(keeps_scheme: bool, found: re.Match[str]) -> str:
    host, path = found.group(1), (found.group(2) or "").rstrip("/")
    return ("https://" if keeps_scheme else "") + host + (path if len(path) <= _SHORT_PATH else "")


def _ended(text: str) -> str:
    """A heading or item as a sentence, so that whoever reads it pauses."""
    if not text or text[-1] in _ENDS:
        return text
    return text + ("。" if _WIDE.search(text) else ".")
