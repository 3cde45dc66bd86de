"""What a live cluster would refuse is found before anything is created, with what mends it.

Helm's `lookup` reads from a server like the API's.
"""

import pytest
from chart import CHART, LOCAL_IMAGES, RELEASE, HelmFailed, helm
from helm_cluster import cluster, config, item

VOLUME = "kubernetes.podspec-persistent-volume-claim"
WRITE = "kubernetes.podspec-persistent-volume-write"
SECURITY = "kubernetes.podspec-securitycontext"
LAPTOP = ("--values", str(CHART / "ci" / "laptop-values.yaml"))
ZERO = ("--set", "scaling.initialScale=0")
NAMESPACE = item("v1", "Namespace", "x")
KUBE_SYSTEM = item("v1", "Namespace", "kube-system")
CLAIM = ("--set", "mode=Standard", "--set", "hub.cache.type=pvc")
RWX = (*CLAIM, "--set", "hub.cache.accessMode=ReadWriteMany")
EBS = item(
    "storage.k8s.io/v1",
    "StorageClass",
    "gp3",
    metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    provisioner="ebs.csi.aws.com",
)
EFS = item("storage.k8s.io/v1", "StorageClass", "efs", provisioner="efs.csi.aws.com")
VOICES = ("--set", "ingress.replicas=1,ingress.voices.store=sqlite")
GPU = ("--set", "models.whisper-large-v3.enabled=true", "--set", "mode=Standard")


def features(**flags: str):
    return config("config-features") | {"data": flags}


def kserve(version: str):
    pod = {
        "spec": {
            "containers": [{"name": "manager", "image": f"kserve/kserve-controller:{version}"}]
        }
    }
    return item(
        "apps/v1", "Deployment", "kserve-controller-manager", "kserve", spec={"template": pod}
    )


def knative(version: str):
    labels = {"app.kubernetes.io/version": version}
    return item(
        "apps/v1", "Deployment", "controller", "knative-serving", metadata={"labels": labels}
    )


def node(**allocatable: str):
    return item("v1", "Node", "n1", status={"allocatable": {"cpu": "8"} | allocatable})


def _install(address: str, *extra: str) -> str:
    where = ("--namespace", "x", "--dry-run=server", "--kube-apiserver", address)
    where += ("--disable-openapi-validation",)
    return helm("template", RELEASE, str(CHART), *where, *LOCAL_IMAGES, *extra)


def test_features_that_are_off_are_named_with_the_command_that_turns_them_on() -> None:
    found = features(**{VOLUME: "enabled", WRITE: "disabled"})
    with cluster(found) as address, pytest.raises(HelmFailed) as refusal:
        _install(address, *LAPTOP)
    message = str(refusal.value)
    assert f'{{"data":{{"{WRITE}":"enabled","{SECURITY}":"enabled"}}}}' in message
    assert VOLUME not in message


def test_with_the_features_on_it_installs() -> None:
    found = features(**{VOLUME: "enabled", WRITE: "Enabled", SECURITY: "allowed"})
    with cluster(found) as address:
        assert "kind: InferenceService" in _install(address, *LAPTOP)


@pytest.mark.parametrize("objects", [(), (config("config-features"),)])
def test_the_default_values_need_nothing_that_a_fresh_install_lacks(objects) -> None:
    with cluster(*objects, config("config-autoscaler"), config("config-defaults")) as address:
        assert "kind: InferenceService" in _install(address)


@pytest.mark.parametrize(
    ("objects", "arguments", "what", "fix"),
    [
        ([kserve("v0.15.2")], (), "KServe 0.15.2 does not know", "helm upgrade kserve"),
        ([knative("1.17.1")], (), "Knative Serving 1.17.1 is older", "serving-core.yaml"),
        (
            [config("config-autoscaler")],
            ZERO,
            "initialScale is 0 for piper-en, silero-vad, whisper-base",
            "configmap/config-autoscaler -n knative-serving --type merge -p '{",
        ),
        (
            [config("config-defaults", max_revision_timeout_seconds="400")],
            (),
            "timeoutSeconds is 600, above what Knative allows",
            '"max-revision-timeout-seconds":"600"',
        ),
        (
            [NAMESPACE],
            ("--set", "images.pullSecrets={registry}"),
            "images.pullSecrets names the secret registry, which is not in namespace x",
            "kubectl create secret -n x docker-registry registry",
        ),
        (
            [NAMESPACE, item("v1", "Secret", "hub", "x", data={"token": "eA=="})],
            ("--set", "hub.tokenSecret=hub"),
            "hub.tokenSecret names the secret hub, which is not in namespace x or has no key HF",
            "kubectl create secret -n x generic hub --from-literal=HF_TOKEN",
        ),
        (
            [NAMESPACE],
            ("--set", "ingress.apiKeys.existingSecret=keys"),
            "ingress.apiKeys.existingSecret names the secret keys",
            "kubectl create secret -n x generic keys --from-literal=keys",
        ),
        (
            [NAMESPACE],
            (
                *("--set", "ingress.voices.store=postgresql"),
                *("--set", "ingress.voices.database.existingSecret=database"),
            ),
            "ingress.voices.database.existingSecret names the secret database",
            "kubectl create secret -n x generic database --from-literal=url=postgresql://",
        ),
        (
            [NAMESPACE],
            (*VOICES, "--set", "ingress.voices.encryption.existingSecret=voices"),
            "ingress.voices.encryption.existingSecret names the secret voices",
            'generic voices --from-literal=keys="$(openssl rand -base64 32)"',
        ),
        ([EFS], CLAIM, "No storage class is the default", "kubectl get storageclass"),
        (
            [EBS],
            (*CLAIM, "--set", "hub.cache.storageClass=nfs"),
            "hub.cache.storageClass is nfs, which this cluster does not have",
            "--set hub.cache.storageClass=NAME",
        ),
        (
            [EFS],
            VOICES,
            "default, and ingress.voices.storageClass is empty",
            "kubectl get storagecl",
        ),
        (
            [EBS],
            (*VOICES, "--set", "ingress.voices.storageClass=nfs"),
            "ingress.voices.storageClass is nfs, which this cluster does not have",
            "--set ingress.voices.storageClass=NAME",
        ),
        (
            [EBS],
            RWX,
            "ReadWriteMany, and gp3 (ebs.csi.aws.com) offers one writer only",
            "--set hub.cache.accessMode=ReadWriteOnce",
        ),
    ],
)
def test_what_the_cluster_would_refuse_stops_the_install(objects, arguments, what, fix) -> None:
    with cluster(*objects) as address, pytest.raises(HelmFailed) as refusal:
        _install(address, *arguments)
    assert what in str(refusal.value)
    assert fix in str(refusal.value)
    with cluster(*objects) as address:
        assert "kind: InferenceService" in _install(address, *arguments, "--set", "checkApis=false")


@pytest.mark.parametrize(
    ("objects", "arguments"),
    [
        ([kserve("v0.16.0"), knative("1.18.0")], ()),
        ([kserve("v0.20.0"), knative("1.21.1")], ()),
        ([kserve("latest"), knative("devel")], ()),
        ([config("config-autoscaler", allow_zero_initial_scale="true")], ZERO),
        (
            [NAMESPACE, item("v1", "Secret", "hub", "x", data={"HF_TOKEN": "eA=="})],
            ("--set", "hub.tokenSecret=hub"),
        ),
        ([EBS], CLAIM),
        ([EBS], VOICES),
        ([EFS], (*VOICES, "--set", "ingress.voices.existingClaim=mine")),
        ([EBS, EFS], (*RWX, "--set", "hub.cache.storageClass=efs")),
        ([EBS], (*RWX, "--set", "hub.cache.existingClaim=mine")),
    ],
)
def test_what_the_cluster_has_is_not_asked_for(objects, arguments) -> None:
    with cluster(*objects) as address:
        assert "kind: InferenceService" in _install(address, *arguments)


@pytest.mark.parametrize(
    ("kubernetes", "serving"), [("v1.32.9", "1.21.1"), ("v1.32.0-eks-a1b2c3d", "1.21.0")]
)
def test_a_kubernetes_too_old_for_its_knative_stops_the_install(
    kubernetes: str, serving: str
) -> None:
    with cluster(knative(serving), version=kubernetes) as address:
        with pytest.raises(HelmFailed) as refusal:
            _install(address)
        assert "kind: InferenceService" in _install(address, "--set", "mode=Standard")
    assert f"Serving {serving} does not start on Kubernetes 1.32." in str(refusal.value)
    assert "download/knative-v1.20" in str(refusal.value)


@pytest.mark.parametrize(
    ("kubernetes", "serving"), [("v1.32.9", "1.20.0"), ("v1.33.0-gke.1", "1.21.1")]
)
def test_a_kubernetes_that_its_knative_accepts_is_enough(kubernetes: str, serving: str) -> None:
    with cluster(knative(serving), version=kubernetes) as address:
        assert "kind: InferenceService" in _install(address)


def test_helm_refuses_a_kubernetes_that_does_not_know_what_pods_need() -> None:
    with cluster(version="v1.31.4") as address, pytest.raises(HelmFailed) as refusal:
        _install(address)
    assert "kubeVersion: >=1.32.0-0" in str(refusal.value)


def _notes(address: str, *extra: str) -> str:
    """What `helm install --dry-run=server` says; the command that GitOps users run themselves."""
    where = ("--namespace", "x", "--dry-run=server", "--kube-apiserver", address)
    where += ("--disable-openapi-validation",)
    text = helm("install", RELEASE, str(CHART), *where, *LOCAL_IMAGES, *extra)
    return text[text.index("NOTES:") :]


@pytest.mark.parametrize(
    ("objects", "arguments", "what"),
    [
        ([KUBE_SYSTEM], ("--set", "mode=Standard"), "Nothing measures CPU use for autoscaler: hpa"),
        (
            [KUBE_SYSTEM],
            ("--set", "ingress.apiKeys.existingSecret=keys"),
            "Pods wait for the secret keys (ingress.apiKeys.existingSecret)",
        ),
        ([node()], GPU, "models.whisper-large-v3 asks for nvidia.com/gpu, which no node offers"),
        (
            [config("config-deployment")],
            GPU[:2],
            "While a GPU node is being added, its pod is unschedulable",
        ),
        (
            [config("config-defaults")],
            (
                "--set",
                "models.voicefixer-restorer.enabled=true,models.voicefixer-vocoder.enabled=true",
                "--set",
                "toolchains.voicefixer.enabled=true,toolchains.voicefixer.mode=graph",
            ),
            "the graph voicefixer that has not begun after 300 s",
        ),
        (
            [
                item(
                    "serving.kserve.io/v1alpha1",
                    "ClusterStorageContainer",
                    "default",
                    spec={"container": {"resources": {"limits": {"memory": "1Gi"}}}},
                )
            ],
            ("--set", "models.whisper-base.weights.storageUri=hf://a/b"),
            "KServe fetches the weights of whisper-base in a container of 1Gi without a security",
        ),
    ],
)
def test_what_works_but_surprises_is_in_the_notes(objects, arguments, what) -> None:
    with cluster(*objects) as address:
        notes = _notes(address, *arguments)
    assert what in notes
    assert "\n    kubectl " in notes[notes.index(what) :]


def test_a_cluster_that_has_everything_gets_no_warning() -> None:
    ready = config("config-deployment", pod_is_always_schedulable="true")
    with cluster(node(**{"nvidia.com/gpu": "1"}), ready, KUBE_SYSTEM) as address:
        assert "Worth a look" not in _notes(address, *GPU[:2])
