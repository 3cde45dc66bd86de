"""Public checkpoints are read without running them, folded, and loaded completely or not at all."""

import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from predictors.nn.checkpoint import fold_weight_norm, load_strictly, read_checkpoint
from predictors.nn.checkpoint_errors import CheckpointError, entry


class RunsCodeOnLoad:
    """Pickles to a call that creates a file: the smallest malicious checkpoint."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.witness,))


def saved(path: Path, content: object, **options: object) -> Path:
    torch.save(content, path, **options)
    return path


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(3, 4, 5), nn.BatchNorm1d(4), nn.Linear(4, 2))


@pytest.mark.parametrize("zipped", [True, False])
def test_reads_tensors_and_plain_values(tmp_path: Path, zipped: bool) -> None:
    content = {"model": {"w": torch.arange(6.0)}, "step": 7, "lr": 0.5}
    path = saved(tmp_path / "m.pt", content, _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    assert read["step"] == 7
    assert torch.equal(read["model"]["w"], content["model"]["w"])


@pytest.mark.parametrize("zipped", [True, False])
def test_never_runs_code_from_a_checkpoint(tmp_path: Path, zipped: bool) -> None:
    witness = tmp_path / "witness"
    path = saved(
        tmp_path / "evil.pt",
        {"w": torch.ones(1), "x": RunsCodeOnLoad(witness)},
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(CheckpointError, match="could run code") as caught:
        read_checkpoint(path)
    assert not witness.exists()
    assert str(tmp_path) not in str(caught.value)


def test_refuses_a_bare_pickle_that_runs_code(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    path = tmp_path / "bare.pt"
    path.write_bytes(pickle.dumps(RunsCodeOnLoad(witness), protocol=2))
    with pytest.raises(CheckpointError, match=r"'bare\.pt'"):
        read_checkpoint(path)
    assert not witness.exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("kept", [0, 1, 10, 100, 700, 0.5, 0.9, 0.99])
def test_refuses_truncated_files(tmp_path: Path, zipped: bool, kept: float) -> None:
    content = {"model": {"w": torch.arange(500.0)}}
    path = saved(tmp_path / "cut.pt", content, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(CheckpointError, match=r"'cut\.pt'.*Download it again") as caught:
        read_checkpoint(path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"<html>404</html>", b"version https://git-lfs\n", b"\x80\x02N."]
)
def test_refuses_files_that_are_no_checkpoints(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "page.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"'page\.pt'"):
        read_checkpoint(path)


def test_refuses_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(CheckpointError, match="cannot be opened") as caught:
            read_checkpoint(path)
        assert str(tmp_path) not in str(caught.value)


def test_refuses_a_checkpoint_that_is_no_dict(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds a Tensor"):
        read_checkpoint(saved(tmp_path / "t.pt", torch.ones(2)))


def test_finds_the_weights_inside_a_container() -> None:
    weights = {"w": torch.ones(1)}
    assert entry({"model": {"generator": weights}, "steps": 3}, "model", "generator") is weights
    for container in ({}, {"model": 3}, {"model": {"generator": [1]}}):
        with pytest.raises(
            CheckpointError, match=r"no entry 'model(\.generator)?'.*another family"
        ):
            entry(container, "model", "generator")


@pytest.mark.parametrize("kind", [nn.Conv1d(3, 4, 5), nn.ConvTranspose1d(3, 4, 5), nn.Linear(3, 4)])
def test_folds_both_spellings_to_the_effective_weight(kind: nn.Module) -> None:
    torch.manual_seed(1)
    module = weight_norm(kind)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.3)
    modern = {"a." + key: value for key, value in module.state_dict().items()}
    renames = {
        "a.parametrizations.weight.original0": "a.weight_g",
        "a.parametrizations.weight.original1": "a.weight_v",
    }
    classic = {renames.get(key, key): value for key, value in modern.items()}
    for state in (modern, classic):
        folded = fold_weight_norm(state)
        assert set(folded) == {"a.weight", "a.bias"}
        torch.testing.assert_close(folded["a.weight"], module.weight.detach())


def test_folding_gives_float32_and_leaves_plain_weights_and_counts_alone() -> None:
    state = {
        "weight": torch.ones(2, 3, dtype=torch.float64),
        "half": torch.ones(2, dtype=torch.float16),
        "steps": torch.tensor(3),
        "note": "not a tensor",
    }
    folded = fold_weight_norm(state)
    assert set(folded) == {"weight", "half", "steps"}
    assert folded["weight"].dtype == folded["half"].dtype == torch.float32
    assert folded["steps"].dtype == torch.int64


@pytest.mark.parametrize("gain", [None, torch.ones(4), torch.ones(3, 1, 1)])
def test_refuses_a_direction_without_its_gain(gain: Tensor | None) -> None:
    state = {"a.weight_v": torch.ones(4, 3, 2)} | ({} if gain is None else {"a.weight_g": gain})
    with pytest.raises(CheckpointError, match=r"a\.weight_v"):
        fold_weight_norm(state)


def test_loads_every_value_and_ignores_the_rest() -> None:
    source, target = small_network(), nn.Sequential(nn.Conv1d(3, 4, 5), nn.BatchNorm1d(4))
    load_strictly(target, source.state_dict() | {"extra": torch.ones(1)}, family="Small")
    for key, value in target.state_dict().items():
        assert torch.equal(value, source.state_dict()[key])


def test_names_the_family_and_the_first_missing_keys() -> None:
    network = small_network()
    state = network.state_dict()
    del state["1.running_mean"]
    with pytest.raises(CheckpointError, match=r"1 of 9 weights that Small needs.*1\.running_mean"):
        load_strictly(network, state, family="Small")


def test_hints_at_another_family_when_most_keys_are_missing() -> None:
    with pytest.raises(CheckpointError, match="9 of 9.*and 5 more.*looks like another family"):
        load_strictly(small_network(), {"enc.weight": torch.ones(1)}, family="Small")


def test_refuses_wrong_shapes_before_changing_anything() -> None:
    network = small_network()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = {key: value + 1 for key, value in before.items()} | {"2.bias": torch.ones(3)}
    with pytest.raises(CheckpointError, match=r"2\.bias \[3\] \(expected \[2\]\)"):
        load_strictly(network, state, family="Small")
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
