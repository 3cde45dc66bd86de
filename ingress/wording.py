"""Words of a client inside our messages: short, printable, quoted."""

from __future__ import annotations

from contract.errors import shown

_MOST_NAMES = 20


def quoted(value: str) -> str:
    return f"'{shown(value)}'"


def choice(label: str, names: list[str]) -> str:
    """`label: a, b, c and 4 more`."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{label}: {', '.join(names[:_MOST_NAMES]) or 'none'}{more}"
