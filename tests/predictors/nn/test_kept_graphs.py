"""Optimized graphs in the cache: the same numbers, and nothing that goes wrong there is noticed."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from predictors.nn.kept_graphs import AS_PUBLISHED, Rewriting, kept_graph

CPU = ("CPUExecutionProvider",)
CELLS = 1100
X = np.random.default_rng(7).standard_normal((2, CELLS)).astype(np.float32)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five megabytes, with nodes that ONNX Runtime fuses."""
    path = tmp_path_factory.mktemp("published") / "model.onnx"
    onnx.save(_model(seed=1), str(path))
    return path


@pytest.fixture(autouse=True)
def graphs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are kept."""
    monkeypatch.setenv("SPEECH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "graphs"


def _model(seed: int) -> onnx.ModelProto:
    weight = np.random.default_rng(seed).standard_normal((CELLS, CELLS)).astype(np.float32) / 40
    nodes = [
        helper.make_node("MatMul", ["x", "weight"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["y"]),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, CELLS]) for name in "xy"
    ]
    weights = [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(np.ones(CELLS, np.float32), "bias"),
    ]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], weights)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


def _run(source: Path, rewriting: Rewriting = AS_PUBLISHED) -> NDArray[np.float32]:
    graph = kept_graph(source, rewriting, CPU)
    (first,) = graph.load(threads=1).run({"x": X})
    (second,) = graph.load(threads=1).run({"x": X})
    np.testing.assert_array_equal(first, second)
    return np.asarray(first)


def _plain(source: Path) -> NDArray[np.float32]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(source), options, providers=list(CPU))
    return np.asarray(session.run(None, {"x": X})[0])


def _counting(**given: Any) -> tuple[Rewriting, list[Path]]:
    seen: list[Path] = []

    def apply(path: Path) -> bytes:
        seen.append(path)
        return path.read_bytes()

    return Rewriting(**{"name": "counted 1", "apply": apply} | given), seen


@pytest.mark.parametrize("shares_weights", [False, True])
def test_a_later_start_makes_nothing_anew_and_gets_the_same_numbers(
    source: Path, graphs: Path, shares_weights: bool
) -> None:
    rewriting, seen = _counting(shares_weights=shares_weights)
    for _ in range(3):
        np.testing.assert_array_equal(_run(source, rewriting), _plain(source))
    assert len(seen) == 1
    assert len(list(graphs.iterdir())) == 1


def test_what_is_kept_needs_no_optimizing(source: Path) -> None:
    kept = kept_graph(source, AS_PUBLISHED, CPU)
    assert kept.is_optimized
    assert isinstance(kept.model, Path)
    model = onnx.load(str(kept.model), load_external_data=False)
    assert [node.op_type for node in model.graph.node] == ["FusedGemm"]


def test_other_weights_and_other_rewritings_have_entries_of_their_own(
    source: Path, graphs: Path, tmp_path: Path
) -> None:
    other = tmp_path / "model.onnx"
    onnx.save(_model(seed=2), str(other))
    os.utime(other, (0, 0))
    assert not np.array_equal(_run(source), _run(other))
    first, seen = _counting()
    newer, seen_newer = _counting(name="counted 2")
    _run(source, first)
    _run(source, newer)
    assert (len(seen), len(seen_newer)) == (1, 1)
    assert len(list(graphs.iterdir())) == 4


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


@pytest.mark.parametrize("name", ["graph.onnx", "weights.bin", "index.json"])
@pytest.mark.parametrize("spoil", [_flip_a_bit, _truncate, Path.unlink])
def test_a_damaged_entry_is_made_anew(source: Path, graphs: Path, name: str, spoil: Any) -> None:
    rewriting, seen = _counting(shares_weights=True)
    before = _run(source, rewriting)
    (entry,) = graphs.iterdir()
    if spoil is _truncate and (entry / name).stat().st_size <= 1000:
        spoil = lambda path: path.write_bytes(b"{")  # noqa: E731
    spoil(entry / name)
    np.testing.assert_array_equal(_run(source, rewriting), before)
    np.testing.assert_array_equal(_run(source, rewriting), before)
    assert len(seen) == 2
    assert len(list(graphs.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_said_once(
    source: Path, graphs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    graphs.parent.write_text("no directory")
    for shares_weights in (True, False):
        rewriting, _ = _counting(shares_weights=shares_weights)
        np.testing.assert_array_equal(_run(source, rewriting), _plain(source))
    assert caplog.text.count("SPEECH_CACHE") == 1


IN_A_PROCESS = """
import resource, sys
from pathlib import Path
import numpy as np
from predictors.nn.kept_graphs import AS_PUBLISHED, kept_graph
source, cells, most_bytes = sys.argv[1:]
if int(most_bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes),) * 2)
graph = kept_graph(Path(source), AS_PUBLISHED, ("CPUExecutionProvider",))
x = np.random.default_rng(7).standard_normal((2, int(cells))).astype(np.float32)
sys.stdout.buffer.write(graph.load(threads=1).run({"x": x})[0].tobytes())
"""


def _process(source: Path, most_bytes: int = 0) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", IN_A_PROCESS, str(source), str(CELLS), str(most_bytes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("most_bytes", [100, 4096, 1 << 20])
def test_a_full_volume_leaves_nothing_behind(source: Path, graphs: Path, most_bytes: int) -> None:
    """No file may become larger: writing ends as on a full volume."""
    made, log = _process(source, most_bytes).communicate()
    assert made == _plain(source).tobytes()
    assert b"SPEECH_CACHE" in log
    assert list(graphs.iterdir()) == []


def test_processes_that_start_together_end_with_one_entry(source: Path, graphs: Path) -> None:
    running = [_process(source) for _ in range(4)]
    results = [process.communicate()[0] for process in running]
    assert set(results) == {_plain(source).tobytes()}
    assert len(list(graphs.iterdir())) == 1


def test_what_was_used_longest_ago_makes_room(source: Path, graphs: Path) -> None:
    for number in range(16):
        _old(graphs / f"entry{number:02}", age_s=1000 - number)
    _old(graphs / ".making-dead", age_s=7200)
    _old(graphs / ".making-at-work", age_s=60)
    _run(source)
    left = {entry.name for entry in graphs.iterdir()}
    assert "entry00" not in left
    assert {"entry01", "entry15", ".making-at-work"} < left
    assert ".making-dead" not in left


def _old(folder: Path, *, age_s: float) -> None:
    folder.mkdir(parents=True)
    (folder / "graph.onnx").write_bytes(b"x")
    os.utime(folder, (time.time() - age_s,) * 2)


def test_small_graphs_and_other_devices_have_none(
    source: Path, graphs: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small.onnx"
    small.write_bytes(b"no model")
    assert kept_graph(small, AS_PUBLISHED, CPU).model == small
    azure = ("AzureExecutionProvider", *CPU)
    assert kept_graph(source, AS_PUBLISHED, azure).model == source
    assert not graphs.exists()
