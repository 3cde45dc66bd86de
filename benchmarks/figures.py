"""Medians, percentiles and ratios, and the table that holds them."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_BUSY = 0.5  # load average per core above which a machine is not ours alone


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of ours, beside the same figure of the bare library where there is one."""

    case: str
    unit: str
    ours: float
    theirs: float | None = None
    ratio: float | None = None
    limit: float | None = None
    """The aim, for the ratio where there is one, else for our figure."""
    more_is_better: bool = False

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is reached; None without an aim."""
        if self.limit is None:
            return None
        measured = self.ours if self.ratio is None else self.ratio
        return measured >= self.limit if self.more_is_better else measured <= self.limit

    def __str__(self) -> str:
        return " ".join(cell for cell in _cells(self) if cell)


def percentile(values: Iterable[float], percent: float) -> float:
    """Linear between the two nearest ranks, as numpy does it. Raises ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values have no percentile")
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Iterable[float]) -> float:
    return percentile(values, 50)


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement of work: how much got done, in how long, for how much processor time.

    On a machine that others use as well, time favours whoever brings more threads: eight clients
    of a library get eight shares of the processor, a server with one model at work gets one.
    Processor time favours nobody.
    """

    done: float
    seconds: float
    processor_s: float


def costs(
    case: str, unit: str, ours: Sequence[Sample], theirs: Sequence[Sample], limit: float | None
) -> list[Line]:
    """Milliseconds for one piece of work, and the same in processor time. The aim is for time."""

    def line(case: str, each: Callable[[Sample], float], limit: float | None = None) -> Line:
        values = [1000 * each(one) for one in ours], [1000 * each(one) for one in theirs]
        return compared(case, unit, *values, limit=limit)

    return [
        line(case, lambda one: one.seconds / one.done, limit),
        line(f"{case}: processor", lambda one: one.processor_s / one.done),
    ]


def rates(
    case: str, unit: str, ours: Sequence[Sample], theirs: Sequence[Sample], limit: float | None
) -> list[Line]:
    """Work done in a second, and in a second of processor time. The aim is for time."""

    def line(case: str, each: Callable[[Sample], float], limit: float | None = None) -> Line:
        values = [each(one) for one in ours], [each(one) for one in theirs]
        return compared(case, unit, *values, limit=limit, more_is_better=True)

    return [
        line(case, lambda one: one.done / one.seconds, limit),
        line(f"{case}: per processor second", lambda one: one.done / one.processor_s),
    ]


def compared(
    case: str,
    unit: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    limit: float | None = None,
    more_is_better: bool = False,
    scale: float = 1.0,
) -> Line:
    """Medians of figures that were taken in turns. The ratio is the median of the rounds' own
    ratios: both figures of a round met the same load. `scale` turns figures into the unit."""
    ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
    values = scale * median(ours), scale * median(theirs)
    return Line(case, unit, *values, ratio, limit, more_is_better)


def machine() -> str:
    """Cores and load, with a warning when somebody else is at work on this machine."""
    cores, (load, *_) = os.cpu_count() or 1, os.getloadavg()
    line = f"{cores} cores, {platform.machine()}, Python {platform.python_version()}, "
    line += f"load average {load:.1f}"
    if load > _BUSY * cores:
        line += "\nThe machine is busy: believe ratios, not milliseconds."
    return line


def table(title: str, lines: Sequence[Line]) -> str:
    """A Markdown table, aligned so that it reads well in a terminal too."""
    rows = [("", "direct", "ours", "unit", "ratio", "aim", ""), *map(_cells, lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [_aligned(row, widths) for row in rows]
    return "\n".join([f"## {title}", "", aligned[0], _aligned(rule, widths), *aligned[1:], ""])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = row
    cells = [first.ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
    return f"| {' | '.join(cells)} |"


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.case,
        "" if line.theirs is None else _number(line.theirs),
        _number(line.ours),
        line.unit,
        "" if line.ratio is None else f"{line.ratio:.2f}",
        "" if line.limit is None else f"{'≥' if line.more_is_better else '≤'} {line.limit:g}",
        {None: "", True: "yes", False: "NO"}[line.is_met],
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
