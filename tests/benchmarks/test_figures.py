"""The arithmetic behind the tables. What they hold depends on the machine and is not tested."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.figures import Line, Sample, compared, costs, median, percentile, rates, table


@pytest.mark.parametrize("percent", [0, 5, 50, 95, 99, 100])
@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_percentiles_are_those_of_numpy(count, percent):
    values = np.random.default_rng(count).standard_normal(count)
    assert percentile(values.tolist(), percent) == pytest.approx(np.percentile(values, percent))


def test_no_values_have_no_percentile():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_median_is_not_moved_by_one_slow_round():
    assert median([1.0, 1.2, 90.0]) == 1.2


def test_rounds_are_compared_with_themselves():
    """The machine became three times slower on the way; our side was twice as slow throughout."""
    line = compared("clip", "ms", [2, 2, 6], [1, 1, 3], scale=1000, limit=1.03)
    assert line.ratio == 2
    assert (line.ours, line.theirs) == (2000, 1000)
    assert line.is_met is False


@pytest.mark.parametrize(
    ("line", "is_met"),
    [
        (Line("slower", "ms", 103, 100, 1.03, limit=1.03), True),
        (Line("too slow", "ms", 104, 100, 1.04, limit=1.03), False),
        (Line("faster", "clips/s", 5, 4, 1.25, limit=1, more_is_better=True), True),
        (Line("not faster", "clips/s", 3, 4, 0.75, limit=1, more_is_better=True), False),
        (Line("on its own", "s", 0.9, limit=1), True),
        (Line("without an aim", "MB", 90), None),
    ],
)
def test_an_aim_holds_for_the_ratio_or_for_the_figure(line, is_met):
    assert line.is_met is is_met


def test_work_has_a_cost_and_a_rate():
    ours = [Sample(done=10, seconds=4, processor_s=1)]
    theirs = [Sample(done=5, seconds=4, processor_s=2)]
    time_s, processor = costs("one", "ms", ours, theirs, 1.03)
    assert (time_s.ours, time_s.theirs, time_s.ratio) == (400, 800, 0.5)
    assert (processor.ours, processor.theirs, processor.ratio) == (100, 400, 0.25)
    assert (time_s.is_met, processor.is_met) == (True, None)
    speed, processor = rates("all", "clips/s", ours, theirs, 1.0)
    assert (speed.ours, speed.theirs, speed.ratio) == (2.5, 1.25, 2)
    assert (processor.ours, processor.theirs, processor.ratio) == (10, 2.5, 4)
    assert (speed.is_met, processor.is_met) == (True, None)


def test_a_table_says_which_aim_is_missed():
    lines = [
        Line("2 s clip", "ms", 1234.4, 1000, 1.2344, limit=1.03),
        Line("memory", "MB", 93.31),
    ]
    head, rule, first, second = table("Start", lines).splitlines()[2:]
    assert [cell.strip() for cell in first.split("|")] == [
        "", "2 s clip", "1000", "1234", "ms", "1.23", "≤ 1.03", "NO", ""
    ]  # fmt: skip
    assert [cell.strip() for cell in second.split("|")[1:4]] == ["memory", "", "93.3"]
    assert len({len(head), len(rule), len(first), len(second)}) == 1
