"""Numbers that depend on each other, and what each mode drops."""

import pytest
from chart import CHART, render
from helm_values import KNATIVE, NAMES, container, model_config, of_kind, services, variables
from knative_rules import seconds


def _components(objects):
    for service in services(objects).values():
        for role in ("predictor", "transformer"):
            if role in service["spec"]:
                yield service, role, service["spec"][role]


@pytest.mark.parametrize("name", KNATIVE)
def test_a_pod_takes_a_full_batch_and_scales_before_it_is_full(name, rendered) -> None:
    for service, role, component in _components(rendered(name)):
        assert component["scaleTarget"] <= component["containerConcurrency"]
        if role == "predictor":
            batch = model_config(service).get("max_batch_size", 8)
            assert component["containerConcurrency"] >= batch
            queue = int(variables(container(service)).get("SPEECH_MAX_QUEUE", 64))
            assert component["containerConcurrency"] <= queue


@pytest.mark.parametrize("name", NAMES)
def test_time_limits_go_from_the_outside_in(name, rendered) -> None:
    """The ingress gives up first; a pod that must stop finishes what it has begun."""
    objects = rendered(name)
    deployment = of_kind(objects, "Deployment")["harmony-speech-ingress"]["spec"]["template"][
        "spec"
    ]
    env, unlisted_s = variables(deployment["containers"][0]), _sleep_s(deployment)
    patience = float(env["SPEECH_TIMEOUT_S"])
    assert float(env["SPEECH_GRACE_S"]) >= patience
    assert deployment["terminationGracePeriodSeconds"] > float(env["SPEECH_GRACE_S"]) + unlisted_s
    for service, role, component in _components(objects):
        env = variables(container(service, role))
        assert patience < component["timeout"] == int(env["SPEECH_TIMEOUT_S"])
        grace = component.get("terminationGracePeriodSeconds", component["timeout"])
        assert patience < int(env["SPEECH_GRACE_S"]) < grace - _sleep_s(component)
    for graph in of_kind(objects, "InferenceGraph").values():
        assert set(graph["spec"]["routerTimeouts"].values()) == {graph["spec"]["timeout"]}


def _sleep_s(pod) -> int:
    """Seconds of its preStop hook, which count as part of the grace."""
    hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})
    return hook["sleep"]["seconds"]


def test_a_pod_behind_a_service_listens_until_the_service_has_forgotten_it(rendered) -> None:
    for _, _, component in _components(rendered("standard")):
        assert _sleep_s(component) >= 5
    for _, _, component in _components(rendered("default")):
        assert not _sleep_s(component)  # Knative refuses hooks; its queue-proxy drains


@pytest.mark.parametrize("name", KNATIVE)
def test_a_cold_pod_has_longer_than_a_warm_one_idles(name, rendered) -> None:
    for _, _, component in _components(rendered(name)):
        annotations = component["annotations"]
        kept = annotations["autoscaling.knative.dev/scale-to-zero-pod-retention-period"]
        assert 0 < seconds(kept) <= 3600
        assert seconds(annotations["serving.knative.dev/progress-deadline"]) >= 900


def test_the_default_catalog_scales_to_zero(rendered) -> None:
    assert {one["minReplicas"] for _, _, one in _components(rendered("default"))} == {0}


def test_gpu_pods_ask_for_one_gpu_and_a_cuda_device(rendered) -> None:
    service = services(rendered("gpu-pool"))["whisper-large-v3"]
    one = container(service)
    assert one["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert one["image"] == "registry.example.com/speech/harmony-speech-predictor-gpu:0.1.0"
    assert model_config(service)["device_config"] == {"device": "cuda"}
    annotations = service["spec"]["predictor"]["annotations"]
    assert annotations["autoscaling.knative.dev/activation-scale"] == "2"
    assert service["spec"]["predictor"]["minReplicas"] == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_upgrade_keeps_the_old_pods_until_the_new_one_is_warm(name, rendered) -> None:
    """Where the values do not say otherwise: one GPU has no room for two pods."""
    for service, _, component in _components(rendered(name)):
        alone = service["metadata"]["name"] == "whisper-large-v3"
        if name in KNATIVE:
            initial = component["annotations"]["autoscaling.knative.dev/initial-scale"]
            assert initial == ("0" if alone and name == "single-gpu" else "1")
        elif alone and name == "standard":
            assert component["deploymentStrategy"] == {"type": "Recreate"}
        else:
            assert component["deploymentStrategy"]["rollingUpdate"] == {
                "maxSurge": 1,
                "maxUnavailable": 0,
            }
        assert "/v2/models/" in component["containers"][0]["readinessProbe"]["httpGet"]["path"]


def test_a_warm_pod_is_one_value_away() -> None:
    for sets in (["scaling.minReplicas=1"], ["models.piper-en.scaling.minReplicas=1"]):
        objects = render(sets=sets)
        assert services(objects)["piper-en"]["spec"]["predictor"]["minReplicas"] == 1
        budget = of_kind(objects, "PodDisruptionBudget")["piper-en-predictor"]["spec"]
        assert budget["selector"]["matchLabels"]["serving.kserve.io/inferenceservice"] == "piper-en"


def test_canary_and_rollout_reach_the_revision(rendered) -> None:
    canary = services(render(sets=["models.piper-en.scaling.canaryTrafficPercent=10"]))
    assert canary["piper-en"]["spec"]["predictor"]["canaryTrafficPercent"] == 10
    assert "canaryTrafficPercent" not in canary["whisper-base"]["spec"]["predictor"]
    predictor = services(rendered("gpu-pool"))["whisper-large-v3"]["spec"]["predictor"]
    assert predictor["annotations"]["serving.knative.dev/rollout-duration"] == "120s"


def test_keda_takes_models_to_no_pod_and_asks_for_their_callers(rendered) -> None:
    found = services(rendered("standard-keda"))
    predictor = found["piper-en"]["spec"]["predictor"]
    assert predictor["minReplicas"] == 0
    assert found["whisper-base"]["spec"]["predictor"]["minReplicas"] == 1
    (metric,) = predictor["autoScaling"]["metrics"]
    query = metric["external"]["metric"]["query"]
    for name in ("speech_request_seconds_sum", "speech_client_retries_total"):
        assert f'{name}{{namespace="harmony-speech",model="piper-en"}}' in query
    assert found["voicefixer"]["spec"]["predictor"]["minReplicas"] == 0
    # Nothing counts a transformer's callers while it has no pod.
    assert found["voicefixer"]["spec"]["transformer"]["minReplicas"] == 1


def test_the_queue_proxy_asks_a_busy_model_as_patiently_as_the_kubelet_would(rendered) -> None:
    for _, _, component in _components(rendered("default")):
        probe = component["containers"][0]["readinessProbe"]
        assert (probe["periodSeconds"], probe["timeoutSeconds"]) == (5, 3)
        assert probe["failureThreshold"] == 3
        # Either would make the activator wait for the kubelet (revision_backends.go:556-564).
        assert "startupProbe" not in component["containers"][0]
        assert "exec" not in probe


def test_a_model_overrides_its_profile_and_the_profile_the_defaults() -> None:
    sets = ["scaling.windowSeconds=90", "profiles.cpu-small.scaling={}"]
    sets += ["profiles.cpu-small.scaling.target=3", "models.piper-en.scaling.target=2"]
    found = services(render(sets=sets))
    assert found["piper-en"]["spec"]["predictor"]["scaleTarget"] == 2
    assert found["whisper-base"]["spec"]["predictor"]["scaleTarget"] == 3
    window = "autoscaling.knative.dev/window"
    assert found["piper-en"]["spec"]["predictor"]["annotations"][window] == "90s"


def test_a_new_chart_version_restarts_nothing(rendered) -> None:
    """Labels of services and pod templates reach pods, so they hold no version."""
    deployment = of_kind(rendered("default"), "Deployment")["harmony-speech-ingress"]
    pods = [deployment["spec"]["template"], *services(rendered("default")).values()]
    for one in pods:
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & one["metadata"]["labels"].keys()


def test_a_changed_catalog_restarts_neither_ingress_nor_transformers(rendered) -> None:
    """They read config.yml again when it changes, so only what it configures is new."""
    before = rendered("toolchains")
    values = CHART / "ci" / "toolchains-values.yaml"
    after = render(values, sets=["models.whisper-large-v3.enabled=true"], with_tests=True)
    catalogs = [
        of_kind(one, "ConfigMap")["harmony-speech-config"]["data"] for one in (before, after)
    ]
    assert catalogs[0] != catalogs[1]
    assert of_kind(before, "Deployment") == of_kind(after, "Deployment")
    transformers = [
        {name: one["spec"].get("transformer") for name, one in services(objects).items()}
        for objects in (before, after)
    ]
    assert transformers[0].items() <= transformers[1].items()
