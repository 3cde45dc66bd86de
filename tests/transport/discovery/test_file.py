"""The configuration file as the kubelet renews it: files behind a symlink that is swapped."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.config import InvalidConfig
from transport.discovery.file import ConfigFile

ONE = "model_configs: [{name: one, model: x, model_type: PiperSynthesizer}]"
TWO = "model_configs: [{name: two, model: x, model_type: PiperSynthesizer}]"


class Mount:
    """A ConfigMap's volume."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._version = folder, 0
        self.path = folder / "config.yml"
        self.renew(ONE)
        self.path.symlink_to("..data/config.yml")

    def renew(self, text: str) -> None:
        self._version += 1
        version = self._folder / f"..v{self._version}"
        version.mkdir()
        (version / "config.yml").write_text(text)
        link = self._folder / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self._folder / "..data")


@pytest.fixture
def mount(tmp_path: Path) -> Mount:
    return Mount(tmp_path)


def test_a_renewed_mount_is_seen_once(mount: Mount) -> None:
    file = ConfigFile(mount.path)
    assert file.load().model_configs[0].name == "one"
    assert file.changed() is None
    mount.renew(TWO)
    found = file.changed()
    assert found is not None
    assert found.model_configs[0].name == "two"
    assert file.changed() is None


def test_the_same_content_is_no_change(mount: Mount) -> None:
    file = ConfigFile(mount.path)
    file.load()
    mount.renew(ONE)
    assert file.changed() is None


@pytest.mark.parametrize("text", ["model_configs: []", "[", "\x00"])
def test_what_cannot_be_used_is_told_once_and_changes_nothing(
    text: str, mount: Mount, caplog: pytest.LogCaptureFixture
) -> None:
    file = ConfigFile(mount.path)
    file.load()
    mount.renew(text)
    assert file.changed() is file.changed() is None
    assert len(caplog.records) == 1
    assert "config.yml changed and cannot be used" in caplog.text
    mount.renew(TWO)
    assert file.changed() is not None


def test_a_file_that_vanishes_and_comes_back_is_no_change(
    mount: Mount, caplog: pytest.LogCaptureFixture
) -> None:
    file = ConfigFile(mount.path)
    file.load()
    mount.path.unlink()
    assert file.changed() is None
    assert "cannot read config.yml" in caplog.text
    mount.path.symlink_to("..data/config.yml")
    assert file.changed() is None


def test_at_start_a_bad_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"absent\.yml"):
        ConfigFile(tmp_path / "absent.yml").load()
