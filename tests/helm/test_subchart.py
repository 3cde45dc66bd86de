"""As a part of another chart, and as a package."""

import shutil
import tarfile

import package_charts
import pytest
import yaml
from chart import APIS, CHART, HelmFailed, helm
from helm_values import of_kind

UMBRELLA = CHART / "ci" / "umbrella"


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """The umbrella chart with this one packed into it, as `helm dependency build` does."""
    folder = tmp_path_factory.mktemp("product") / "harmony-speech"
    shutil.copytree(CHART, folder)
    umbrella = folder / "ci" / "umbrella"
    helm("dependency", "build", str(umbrella))
    return umbrella


def test_an_umbrella_chart_sets_values_and_globals(product) -> None:
    apis = [part for api in APIS for part in ("--api-versions", api)]
    text = helm("template", "product", str(product), "--namespace", "x", *apis)
    objects = [one for one in yaml.safe_load_all(text) if one]
    assert set(of_kind(objects, "InferenceService")) == {"piper-en", "whisper-base"}
    pod = of_kind(objects, "Deployment")["product-harmony-speech-ingress"]["spec"]["template"]
    image = pod["spec"]["containers"][0]["image"]
    assert image == "registry.example.com/product/harmony-speech-ingress:0.1.0"
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]


def test_the_package_knows_its_registry_and_holds_no_examples(tmp_path) -> None:
    package_charts.package("registry.example.com/team", tmp_path)
    (packed,) = tmp_path.glob("harmony-speech-*.tgz")
    text = helm("template", "x", str(packed), "--set", "checkApis=false")
    assert "image: registry.example.com/team/harmony-speech-ingress:0.1.0" in text
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("harmony-speech/") for name in archive.getnames()}
    assert {"Chart.yaml", "values.schema.json", "README.md", "files/accelerators.yaml"} <= names
    assert not [name for name in names if name.startswith("ci/")]


def test_packed_for_images_on_the_nodes_it_still_asks_where_they_are(tmp_path) -> None:
    package_charts.package("dev.local", tmp_path)
    (packed,) = tmp_path.glob("harmony-speech-*.tgz")
    with pytest.raises(HelmFailed, match=r"images\.local=true"):
        helm("template", "x", str(packed), "--set", "checkApis=false")


def test_objects_of_ones_own_are_installed_with_the_rest(rendered) -> None:
    route = of_kind(rendered("openshift"), "Route")["harmony-speech"]
    assert route["spec"]["to"]["name"] == "harmony-speech-ingress"
    assert route["metadata"]["namespace"] == "harmony-speech"
