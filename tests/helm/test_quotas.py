"""A namespace with a quota: Knative's own container must state what the quota counts."""

import pytest
from chart import CHART, LOCAL_IMAGES, RELEASE, HelmFailed, helm
from helm_cluster import Object, cluster, config, item

COUNTED = {"limits.cpu": "8", "limits.memory": "16Gi", "requests.memory": "8Gi"}
QUOTA = item("v1", "ResourceQuota", "q", "x", spec={"hard": COUNTED})
STATED = {
    "queue_sidecar_cpu_limit": "1",
    "queue_sidecar_memory_limit": "256Mi",
    "queue_sidecar_memory_request": "64Mi",
}


def _install(*objects: Object, mode: str = "Knative") -> str:
    run = ["template", RELEASE, str(CHART), "-n", "x", *LOCAL_IMAGES, "--set", f"mode={mode}"]
    with cluster(*objects) as address:
        run += ["--dry-run=server", "--kube-apiserver", address, "--disable-openapi-validation"]
        return helm(*run)


def test_a_quota_that_the_queue_proxy_fails_is_named_with_the_command() -> None:
    with pytest.raises(HelmFailed, match="ResourceQuota of namespace x") as refusal:
        _install(QUOTA, config("config-deployment", queue_sidecar_cpu_limit="1"))
    command = str(refusal.value).split("configmap/config-deployment", 1)[1]
    assert '"queue-sidecar-memory-limit":"256Mi","queue-sidecar-memory-request":"64Mi"' in command
    assert "cpu-limit" not in command


def _range(kind: str) -> Object:
    return item("v1", "LimitRange", "l", "x", spec={"limits": [{"type": kind}]})


@pytest.mark.parametrize(
    "objects",
    [
        [QUOTA, config("config-deployment", **STATED)],
        [QUOTA, config("config-deployment"), _range("Container")],
        [item("v1", "ResourceQuota", "q", "x", spec={"hard": {"pods": "9", "requests.cpu": "9"}})],
        [
            item("v1", "ResourceQuota", "q", "y", spec={"hard": COUNTED}),
            config("config-deployment"),
        ],
        [QUOTA],
    ],
    ids=["stated", "filled by a LimitRange", "counts other things", "elsewhere", "unreadable"],
)
def test_quotas_that_pods_fulfil_stop_nothing(objects: list[Object]) -> None:
    assert "kind: InferenceService" in _install(*objects)


def test_a_limit_range_of_volumes_fills_no_gap_and_standard_mode_has_none() -> None:
    found = (QUOTA, config("config-deployment"), _range("PersistentVolumeClaim"))
    with pytest.raises(HelmFailed, match="queue-proxy does not state"):
        _install(*found)
    assert "kind: InferenceService" in _install(*found, mode="Standard")
