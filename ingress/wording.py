"""Words of a client inside our messages: short, printable, quoted."""

from __future__ import annotations

_MOST_NAMES = 20
_MOST_CHARS = 64


def printable(value: str) -> str:
    """At most 64 characters, none that a terminal or an encoder would trip over."""
    clean = "".join(char if char.isprintable() else "?" for char in value[:_MOST_CHARS])
    return clean + ("…" if len(value) > _MOST_CHARS else "")


def shown(value: str) -> str:
    return f"'{printable(value)}'"


def choice(label: str, names: list[str]) -> str:
    """`label: a, b, c and 4 more`."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{label}: {', '.join(names[:_MOST_NAMES]) or 'none'}{more}"
