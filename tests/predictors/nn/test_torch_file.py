"""Files of torch.save are read without torch: both formats, whole or not at all, nothing run."""

import io
import pickle
import random
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hostile_files import Planted

from predictors.nn.checkpoint_errors import CheckpointError
from predictors.nn.torch_file import read_tensors

ZIPPED = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def saved(path: Path, content: object, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


@ZIPPED
def test_reads_what_torch_wrote(tmp_path: Path, zipped: bool):
    whole = torch.arange(24.0).reshape(4, 6)
    state = OrderedDict(
        whole=whole,
        part=whole[1:3, 2:],  # shares its storage, and does not lie in one piece
        turned=whole.T,
        parameter=torch.nn.Parameter(torch.randn(3)),
        half=torch.randn(5).half(),
        double=torch.randn(2, 2).double(),
        count=torch.tensor(7),
        nothing=torch.zeros(0, 3),
    )
    path = saved(tmp_path / "m.pt", {"step": 1, "outer": {"state": state, "lr": 0.1}}, zipped)
    read = read_tensors(path, "outer", "state")
    assert list(read) == list(state)
    for name, tensor in state.items():
        assert read[name].dtype == tensor.detach().numpy().dtype
        np.testing.assert_array_equal(read[name], tensor.detach().numpy())


@ZIPPED
def test_leaves_out_what_is_no_tensor(tmp_path: Path, zipped: bool):
    path = saved(tmp_path / "m.pt", {"state": {"a": torch.ones(1), "b": [1], "c": "x"}}, zipped)
    assert list(read_tensors(path, "state")) == ["a"]


@ZIPPED
def test_nothing_in_the_file_is_executed(tmp_path: Path, zipped: bool):
    proof = tmp_path / "proof"
    content = {"state": {"w": torch.ones(1)}, "x": Planted(proof)}
    with pytest.raises(CheckpointError, match="could run code") as caught:
        read_tensors(saved(tmp_path / "evil.pt", content, zipped), "state")
    assert not proof.exists()
    assert str(tmp_path) not in str(caught.value)


def test_a_bare_pickle_that_runs_code_is_not_run(tmp_path: Path):
    proof, path = tmp_path / "proof", tmp_path / "bare.pt"
    path.write_bytes(pickle.dumps(Planted(proof), protocol=2))
    with pytest.raises(CheckpointError, match=r"'bare\.pt'"):
        read_tensors(path, "state")
    assert not proof.exists()


@ZIPPED
@pytest.mark.parametrize("kept", [0, 1, 10, 100, 700, 0.5, 0.9, 0.99])
def test_refuses_truncated_files(tmp_path: Path, zipped: bool, kept: float):
    path = saved(tmp_path / "cut.pt", {"state": {"w": torch.arange(500.0)}}, zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(CheckpointError, match=r"'cut\.pt'.*Download it again"):
        read_tensors(path, "state")


@ZIPPED
def test_a_damaged_file_is_refused_or_read_and_nothing_else(tmp_path: Path, zipped: bool):
    state = {"a": torch.randn(6, 4), "b": torch.randn(3).half()}
    path = saved(tmp_path / "m.pt", {"state": state}, zipped)
    whole, chance = path.read_bytes(), random.Random(1)
    refused = 0
    for _ in range(300):
        content = bytearray(whole)
        content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        try:
            read_tensors(path, "state")
        except CheckpointError:
            refused += 1
    assert 0 < refused < 300


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (9,), (1,)), (7, (4,), (1,)), (0, (1 << 40,), (0,)), (-1, (1,), (1,)), (7, (2,), (-1,))],
    ids=["longer", "beyond", "repeated", "before", "backwards"],
)
def test_a_tensor_outside_its_storage_is_refused(
    tmp_path: Path, offset: int, shape: Any, strides: Any
):
    """The numbers that say where it lies come from the file; memory is only what the file has."""
    path = tmp_path / "m.pt"
    torch.save({"state": {"w": torch.arange(8.0)}}, path)
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(tmp_path / "f.pt", "w") as forged:
        for info in archive.infolist():
            content = archive.read(info)
            if info.filename.endswith("data.pkl"):
                content = _Forged(offset, shape, strides).pickled()
            forged.writestr(info.filename, content)
    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(tmp_path / "f.pt", "state")


class _Storage:
    """Pickles as torch's storages do: by a persistent id."""


class _Forged:
    """A tensor of eight numbers that says that it is another."""

    def __init__(self, *place: Any) -> None:
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = torch._utils._rebuild_tensor_v2
        return rebuild, (_Storage(), *self._place, False, OrderedDict())

    def pickled(self) -> bytes:
        class Pickler(pickle.Pickler):
            def persistent_id(self, one: Any) -> Any:
                is_storage = isinstance(one, _Storage)
                return ("storage", torch.FloatStorage, "0", "cpu", 8) if is_storage else None

        stream = io.BytesIO()
        Pickler(stream, protocol=2).dump({"state": {"w": self}})
        return stream.getvalue()


def test_a_compressed_archive_is_refused(tmp_path: Path):
    """torch stores its members; a compressed one could unfold to any size."""
    path = saved(tmp_path / "m.pt", {"state": {"w": torch.zeros(1000)}})
    with (
        zipfile.ZipFile(path) as archive,
        zipfile.ZipFile(tmp_path / "z.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for info in archive.infolist():
            packed.writestr(info.filename, archive.read(info))
    with pytest.raises(CheckpointError, match="damaged"):
        read_tensors(tmp_path / "z.pt", "state")


@ZIPPED
def test_a_file_of_something_else_says_what_it_holds(tmp_path: Path, zipped: bool):
    with pytest.raises(CheckpointError, match="holds a list"):
        read_tensors(saved(tmp_path / "m.pt", [1, 2], zipped), "state")
    with pytest.raises(CheckpointError, match="no entry 'state'"):
        read_tensors(saved(tmp_path / "n.pt", {"a": 1}, zipped), "state")
    with pytest.raises(CheckpointError, match="cannot be opened"):
        read_tensors(tmp_path / "absent.pt", "state")
