"""What `make chart` and `make chart-push` leave in a registry, and what a release signs."""

import hashlib
import json
import subprocess

import package_charts
import push_charts
import pytest
from binaries import REPOSITORY
from chart import HelmFailed
from oci_registry import oci_registry


def test_both_charts_arrive_under_the_digest_that_is_signed(tmp_path) -> None:
    package_charts.package("registry.example.com/team", tmp_path)
    with oci_registry() as registry:
        pushed = dict(push_charts.push(f"{registry.address}/team", tmp_path, "--plain-http"))
        names = {name.partition("@")[0].rpartition("/")[2] for name in pushed}
        assert names == {"harmony-speech", "speech-local-models"}
        assert set(pushed) == set(registry.manifests)
        for name in names:
            (packed,) = tmp_path.glob(f"{name}-*.tgz")
            digest = f"sha256:{hashlib.sha256(packed.read_bytes()).hexdigest()}"
            (manifest,) = (m for key, m in registry.manifests.items() if f"/{name}@" in key)
            assert digest in {layer["digest"] for layer in json.loads(manifest)["layers"]}
            assert registry.blobs[digest] == packed.read_bytes()


def test_bills_of_materials_name_the_chart_and_every_image_of_the_release(tmp_path) -> None:
    package_charts.package("registry.example.com/team", tmp_path)
    (packed,) = tmp_path.glob("harmony-speech-*.tgz")
    sbom = json.loads(package_charts.sbom_file(packed).read_text())
    assert sbom["metadata"]["component"]["name"] == "harmony-speech"
    listed = {f"{one['name']}:{one['version']}" for one in sbom["components"]}
    make = [
        "make",
        "-s",
        "-C",
        str(REPOSITORY),
        "image-names",
        "REGISTRY=registry.example.com/team",
    ]
    made = subprocess.run(make, capture_output=True, text=True, check=True).stdout
    assert listed == set(made.split())


def test_a_registry_that_is_not_there_stops_the_release(tmp_path) -> None:
    package_charts.package("registry.example.com/team", tmp_path)
    with pytest.raises(HelmFailed):
        list(push_charts.push("127.0.0.1:1", tmp_path, "--plain-http"))
