"""Before an install the chart reads which features Knative has; against a server like the API's."""

import pytest
from chart import CHART, RELEASE, HelmFailed, helm
from helm_cluster import cluster

VOLUME = "kubernetes.podspec-persistent-volume-claim"
WRITE = "kubernetes.podspec-persistent-volume-write"
SECURITY = "kubernetes.podspec-securitycontext"


def _install(address: str, *extra: str) -> str:
    values = CHART / "ci" / "laptop-values.yaml"
    where = ("--namespace", "x", "--dry-run=server", "--kube-apiserver", address)
    where += ("--disable-openapi-validation",)
    return helm("template", RELEASE, str(CHART), *where, "--values", str(values), *extra)


def test_features_that_are_off_are_named_with_the_command_that_turns_them_on() -> None:
    with (
        cluster({VOLUME: "enabled", WRITE: "disabled"}) as address,
        pytest.raises(HelmFailed) as refusal,
    ):
        _install(address)
    message = str(refusal.value)
    assert f'{{"data":{{"{WRITE}":"enabled","{SECURITY}":"enabled"}}}}' in message
    assert VOLUME not in message


def test_with_the_features_on_it_installs() -> None:
    with cluster({VOLUME: "enabled", WRITE: "Enabled", SECURITY: "enabled"}) as address:
        assert "kind: InferenceService" in _install(address)


def test_the_check_can_be_turned_off() -> None:
    with cluster({}) as address:
        assert "kind: InferenceService" in _install(address, "--set", "preflight.features=false")


def test_a_cluster_that_shows_no_features_is_not_judged() -> None:
    with cluster(None) as address:
        assert "kind: InferenceService" in _install(address)


def test_standard_mode_asks_for_no_feature() -> None:
    with cluster({}) as address:
        assert "kind: InferenceService" in _install(address, "--set", "mode=Standard")
