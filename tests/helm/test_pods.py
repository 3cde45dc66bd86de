"""What a user may say of pods: added, replaced, or left to the platform, in every kind of pod."""

import json
from collections import Counter

import helm_models
import pytest
import webhook_rules
from chart import CHART, render
from helm_values import container, of_kind, prepared, services, variables

TOOLCHAIN = [f"models.voicefixer-{one}.enabled=true" for one in ("restorer", "vocoder")]
TOOLCHAIN.append("toolchains.voicefixer.enabled=true")
POD = {
    "labels": {"team": "voice"},
    "annotations": {"sidecar.istio.io/inject": "false"},
    "envFrom": [{"secretRef": {"name": "proxy"}}],
    "volumes": [{"name": "ca", "secret": {"secretName": "ca"}}],
    "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
    "initContainers": [{"name": "wait", "image": "busybox"}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "speech", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [
        {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "runtimeClassName": "gvisor",
    "priorityClassName": "high",
}


def _pods(objects):
    """Every pod template by name, with its labels and annotations."""
    for kind in ("Deployment", "Job"):
        for name, one in of_kind(objects, kind).items():
            template = one["spec"]["template"]
            yield name, template["spec"], template["metadata"]
    for name, service in services(objects).items():
        for role in ("predictor", "transformer"):
            if role in service["spec"]:
                yield f"{name}-{role}", service["spec"][role], service["spec"][role]


def _containers(objects):
    return {name: pod["containers"][0] for name, pod, _ in _pods(objects)}


@pytest.mark.parametrize("mode", ["Knative", "Standard"])
def test_what_is_said_of_all_pods_is_true_of_every_pod(mode) -> None:
    objects = render(sets=[f"pods={json.dumps(POD)}", f'mode="{mode}"', *TOOLCHAIN])
    found = list(_pods(objects))
    assert {name for name, _, _ in found} >= {"harmony-speech-ingress", "voicefixer-transformer"}
    for name, pod, metadata in found:
        assert metadata["labels"].items() >= POD["labels"].items(), name
        assert metadata["annotations"].items() >= POD["annotations"].items(), name
        for field in POD.keys() - {"labels", "annotations", "envFrom", "volumes", "volumeMounts"}:
            assert pod[field] == POD[field], (name, field)
        assert pod["containers"][0]["envFrom"] == POD["envFrom"]
        assert POD["volumes"][0] in pod["volumes"]
        assert POD["volumeMounts"][0] in pod["containers"][0]["volumeMounts"]
    for service in services(objects).values():
        helm_models.parse(service)
        assert webhook_rules.service_errors(service, prepared("default")) == []


def test_a_model_replaces_what_its_profile_says_and_the_profile_what_all_pods_say() -> None:
    sets = ['pods.nodeSelector={"pool": "any"}', 'pods.priorityClassName="low"']
    sets += ['profiles.cpu-small.pod={"nodeSelector": {"pool": "cpu"}}']
    sets += ['models.piper-en.pod={"nodeSelector": {"pool": "mine"}}']
    found = services(render(sets=sets))
    pools = {name: one["spec"]["predictor"]["nodeSelector"]["pool"] for name, one in found.items()}
    assert pools == {"piper-en": "mine", "whisper-base": "cpu", "silero-vad": "cpu"}
    assert found["piper-en"]["spec"]["predictor"]["priorityClassName"] == "low"


def test_a_variable_that_chart_and_user_both_set_is_the_users_and_stands_once() -> None:
    mine = '[{"name": "HF_HOME", "value": "/mine"}, {"name": "OMP_NUM_THREADS", "value": "7"}]'
    sets = [f"predictors.env={mine}", 'ingress.env=[{"name": "TMPDIR", "value": "/mine"}]']
    sets += ['models.piper-en.env=[{"name": "HF_HOME", "value": "/own"}]', *TOOLCHAIN]
    sets += ['toolchains.voicefixer.env=[{"name": "HOME", "value": "/mine"}]']
    found = _containers(render(sets=sets))
    for one in found.values():
        assert set(Counter(entry["name"] for entry in one["env"]).values()) == {1}
    assert variables(found["piper-en-predictor"])["HF_HOME"] == "/own"
    assert variables(found["whisper-base-predictor"])["HF_HOME"] == "/mine"
    assert variables(found["whisper-base-predictor"])["OMP_NUM_THREADS"] == "7"
    assert variables(found["harmony-speech-ingress"])["TMPDIR"] == "/mine"
    assert variables(found["voicefixer-transformer"])["HOME"] == "/mine"


@pytest.mark.parametrize(
    ("memory", "held"),
    [
        ('"2Gi"', "512"),
        ('"12Gi"', "3072"),
        ('"900Mi"', "225"),
        ('"1.5Gi"', "384"),
        ('"2G"', "476"),
        ('"1500M"', "357"),
        ("4294967296", "1024"),
    ],
)
def test_requests_are_refused_before_the_kernel_ends_the_pod(memory, held) -> None:
    """What a process may hold is a share of its memory, in whatever unit that is written."""
    sets = [f"profiles.cpu-small.resources.limits.memory={memory}"]
    sets.append('profiles.cpu-small.resources.requests.memory="500Mi"')
    env = variables(_containers(render(sets=sets))["piper-en-predictor"])
    assert env.get("SPEECH_MAX_HELD_MB") == env.get("SPEECH_MAX_QUEUE_MB") == held


def test_on_openshift_no_pod_asks_for_a_uid(rendered) -> None:
    """Its restricted-v2 constraint refuses a uid or a group outside the namespace's own range."""
    objects = rendered("openshift")
    assert "65532" not in json.dumps(objects)
    for one in _containers(objects).values():
        assert one["securityContext"]["runAsNonRoot"] is True
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert variables(one)["USER"] == "speech"  # a uid without a name cannot be looked up


def test_a_security_context_may_be_empty() -> None:
    empty = json.dumps(dict.fromkeys(("runAsNonRoot", "runAsUser", "fsGroup", "seccompProfile")))
    fields = ("allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem")
    fields += ("runAsNonRoot", "runAsUser", "seccompProfile")
    sets = [f"pods.securityContext={empty}"]
    sets += [f"pods.containerSecurityContext={json.dumps(dict.fromkeys(fields))}"]
    for name, pod, _ in _pods(render(sets=sets)):
        assert "securityContext" not in pod, name
        assert "securityContext" not in pod["containers"][0], name


@pytest.mark.parametrize("name", ["gpu-pool", "standard"])
def test_who_watches_the_cluster_brings_a_token_of_its_own(name) -> None:
    """KServe and the account may both refuse to mount one (inference_service_defaults.go:211)."""
    values = CHART / "ci" / f"{name}-values.yaml"
    objects = render(values, sets=["discovery.enabled=true"])
    watching = {"harmony-speech-ingress", "openvoice-v2-transformer"}
    for pod_name, pod, _ in _pods(objects):
        assert pod["automountServiceAccountToken"] is False
        mounts = {one["mountPath"]: one for one in pod["containers"][0]["volumeMounts"]}
        token = mounts.get("/var/run/secrets/kubernetes.io/serviceaccount")
        assert (token is not None) is (pod_name in watching), pod_name
        if token is not None:
            volume = next(one for one in pod["volumes"] if one["name"] == token["name"])
            sources = volume["projected"]["sources"]
            # Token, authority, and the namespace, which clients read beside them.
            kinds = {key for one in sources for key in one}
            assert kinds == {"serviceAccountToken", "configMap", "downwardAPI"}


@pytest.mark.parametrize(
    ("protocol", "mode", "ports"),
    [
        ("http", "Knative", [8080]),
        ("grpc", "Knative", [8081]),
        ("grpc", "Standard", [8081]),
        ("both", "Standard", [8080, 8081]),
    ],
)
def test_grpc_is_a_port_by_choice(protocol, mode, ports) -> None:
    sets = [f'mode="{mode}"', 'models.grpc-ear={"model": "a/b", "model_type": "FasterWhisper"}']
    objects = render(sets=[*sets, f'models.grpc-ear.protocol="{protocol}"'])
    service = services(objects)["grpc-ear"]
    assert [one["containerPort"] for one in container(service)["ports"]] == ports
    assert webhook_rules.service_errors(service) == []
    # Ingress and discovery leave alone what they cannot call.
    config = of_kind(objects, "ConfigMap")["harmony-speech-config"]["data"]["config.yml"]
    called = protocol != "grpc"
    assert ("grpc-ear" in config) is called
    assert ("harmony-speech/model-type" in service["metadata"]["labels"]) is called


def test_accelerators_are_profiles_by_name() -> None:
    sets = [
        f'models.on-{name}={{"model": "a", "model_type": "FasterWhisper", "profile": "gpu-{name}"}}'
        for name in ("t4", "l4", "l40s", "a100", "h100", "mig-1g", "mi300x")
    ]
    found = services(render(sets=[*sets, 'images.repositories.rocm="speech-rocm"']))
    for name, resource in (("l4", "nvidia.com/gpu"), ("mig-1g", "nvidia.com/mig-1g.10gb")):
        assert container(found[f"on-{name}"])["resources"]["limits"][resource] == "1"
    assert container(found["on-mi300x"])["resources"]["limits"]["amd.com/gpu"] == "1"
    assert container(found["on-mi300x"])["image"] == "dev.local/speech-rocm:0.1.0"
    assert container(found["on-h100"])["image"] == "dev.local/harmony-speech-predictor-gpu:0.1.0"
    for service in found.values():
        assert webhook_rules.service_errors(service, prepared("default")) == []


@pytest.mark.parametrize(
    ("name", "model", "selector"),
    [
        ("gke", "whisper-large-v3", {"cloud.google.com/gke-accelerator": "nvidia-l4"}),
        ("eks", "whisper-large-v3", {"karpenter.k8s.aws/instance-gpu-name": "l40s"}),
        ("gpu-pool", "melo-en", {"nvidia.com/gpu.product": "NVIDIA-L4"}),
    ],
)
def test_a_clouds_own_labels_replace_those_of_the_profile(name, model, selector, rendered) -> None:
    assert services(rendered(name))[model]["spec"]["predictor"]["nodeSelector"] == selector


@pytest.mark.parametrize(("mode", "attempts"), [("Standard", "10"), ("Knative", None)])
def test_callers_wait_for_the_next_pod_where_no_activator_does(mode, attempts) -> None:
    objects = render(sets=[f'mode="{mode}"', *TOOLCHAIN])
    for caller in ("harmony-speech-ingress", "voicefixer-transformer"):
        assert variables(_containers(objects)[caller]).get("SPEECH_ATTEMPTS") == attempts


def test_the_users_number_of_attempts_stays() -> None:
    sets = ['mode="Standard"', "ingress.settings.attempts=3", *TOOLCHAIN]
    sets.append("toolchains.voicefixer.settings.attempts=4")
    found = _containers(render(sets=sets))
    assert variables(found["harmony-speech-ingress"])["SPEECH_ATTEMPTS"] == "3"
    assert variables(found["voicefixer-transformer"])["SPEECH_ATTEMPTS"] == "4"
