"""Which pieces share a run."""

from predictors.models.piper.network import MAX_RUN_IDS, runs


def test_every_piece_is_in_exactly_one_run():
    lengths = [10, 300, 40, 41, 900, 39, 300, 1]
    packed = runs(lengths)
    assert sorted(index for run in packed for index in run) == list(range(len(lengths)))


def test_pieces_of_one_length_share_a_run_within_memory():
    packed = runs([200] * 12)
    assert [len(run) for run in packed] == [MAX_RUN_IDS // 200] * 2 + [2]


def test_a_short_piece_does_not_ride_with_a_long_one():
    assert len(runs([10, 400])) == 2


def test_a_piece_above_the_limit_runs_alone():
    assert runs([MAX_RUN_IDS * 2, MAX_RUN_IDS * 2]) == [[0], [1]]


def test_no_pieces_no_runs():
    assert runs([]) == []
