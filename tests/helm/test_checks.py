"""What a schema cannot say stops the install with a remedy."""

import pytest
from chart import APIS, CHART, HelmFailed, helm, render

GPU = '{"model": "a/b", "model_type": "FasterWhisper"'


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        (
            'models.whisper-base.profile="tpu"',
            "profiles has cpu-large, cpu-small, gpu-a100, gpu-h100",
        ),
        ('models.x={"model": "a", "model_type": "Bark"}', "A plugin's type needs a line there"),
        (f'models.x={GPU}, "max_batch_size": 64}}', "raise scaling.containerConcurrency"),
        (f'models.x={GPU}, "fallback": "nobody"}}', "which is no enabled model"),
        (f'models.x={GPU}, "fallback": "piper-en"}}', "performs synthesize and not transcribe"),
        (f"models.voicefixer={GPU}}}", "choose another"),
        ("toolchains.openvoice_v2.enabled=true", "needs a model of type OpenVoiceV2ToneConv"),
        ("toolchains.diarize.enabled=true", "needs a model of type embed_speaker"),
        ('toolchains.diarize={"enabled": true, "mode": "both"}', "choose transformer"),
        ('toolchains.long_transcription={"enabled": true, "mode": "graph"}', "into pieces; choose"),
        ('ingress.voices.store="postgresql"', "ingress.voices.database.existingSecret"),
        ('ingress.voices.store="sqlite"', "set ingress.replicas to 1"),
        ("scaling.timeoutSeconds=120", "must be above ingress.requestTimeoutSeconds (300)"),
        (
            "models.piper-en.scaling.timeoutSeconds=60",
            "models.piper-en: scaling.timeoutSeconds (60) must be above",
        ),
        ("scaling.minReplicas=5", "scaling.minReplicas (5) is above scaling.maxReplicas (3)"),
        ("scaling.activationScale=4", "scaling.activationScale (4) is above scaling.maxReplicas"),
        (
            'models.piper-en.scaling={"minReplicas": 3, "activationScale": 2}',
            "scaling.activationScale (2) is below scaling.minReplicas (3)",
        ),
        ('autoscaler="keda"', "Leave autoscaler: auto, or change the mode"),
        (f'models.x={GPU}, "protocol": "both"}}', "Add a second entry with protocol: grpc"),
        (
            f'models.x={GPU}, "env": [{{"name": "PYTHONPATH", "value": "/x"}}]}}',
            "refuse the variable",
        ),
        ('models.piper-en.profile="gpu-small"', "has no CUDA for PiperSynthesizer"),
        ('models.piper-en.profile="gpu-mi300x"', "choose a profile with device: cpu"),
        ('models.whisper-base.profile="gpu-mi300x"', 'images.repositories has no "rocm"'),
        ("ingress.httpRoute.enabled=true", "parentRefs names no Gateway"),
        ('modelTypes.FasterWhisper.image="rust"', 'images.repositories has no "rust"'),
        (
            'ingress.autoscaling={"enabled": true, "minReplicas": 5, "maxReplicas": 2}',
            "ingress.autoscaling.minReplicas (5) is above ingress.autoscaling.maxReplicas (2)",
        ),
    ],
)
def test_a_contradiction_is_refused_with_a_remedy(setting, remedy) -> None:
    with pytest.raises(HelmFailed) as refusal:
        render(sets=[setting])
    assert remedy in str(refusal.value)


@pytest.mark.parametrize(
    ("profile", "missing"), [("{}", "device"), ('{"device": "cpu"}', "resources")]
)
def test_a_profile_without_hardware_is_refused_by_its_name(profile, missing) -> None:
    with pytest.raises(
        HelmFailed, match=rf"profiles\.odd has no {missing}, which models\.piper-en"
    ):
        render(sets=[f"profiles.odd={profile}", 'models.piper-en.profile="odd"'])


def test_nothing_to_serve_is_refused() -> None:
    names = ("whisper-base", "silero-vad", "piper-en")
    with pytest.raises(HelmFailed, match="enable at least one"):
        render(sets=[f"models.{name}.enabled=false" for name in names])


@pytest.mark.parametrize(
    ("apis", "commands"),
    [
        ((), ("KServe is not installed", "helm install kserve-crd", "docs/install.md")),
        (APIS[:1], ("mode is Knative", "serving-core.yaml", "mode: Standard")),
    ],
)
def test_missing_prerequisites_are_named_with_commands(apis, commands) -> None:
    with pytest.raises(HelmFailed) as refusal:
        render(apis=apis)
    assert all(text in str(refusal.value) for text in commands)


STANDARD = ['mode="Standard"']
KEDA = [*STANDARD, 'autoscaler="keda"']


@pytest.mark.parametrize(
    ("sets", "apis", "remedy"),
    [
        ([*STANDARD, "scaling.canaryTrafficPercent=10"], APIS, "needs Knative mode"),
        (KEDA, APIS, "set keda.serverAddress"),
        ([*KEDA, 'keda.serverAddress="http://p:9090"'], APIS, "set monitoring.monitors: true"),
        (KEDA, APIS[:1], "no keda.sh/v1alpha1 ScaledObject"),
        ([*STANDARD, 'autoscaler="knative"'], APIS, "Knative scales in Knative mode"),
        (
            [
                'models.whisper-base.weights.storageUri="hf://a/b"',
                'hub={"tokenSecret": "t", "tokenKey": "k"}',
            ],
            APIS,
            "looks for the token under the key HF_TOKEN only",
        ),
    ],
)
def test_what_a_mode_cannot_do_is_refused_with_a_remedy(sets, apis, remedy) -> None:
    with pytest.raises(HelmFailed) as refusal:
        render(sets=sets, apis=apis)
    assert remedy in str(refusal.value)


def test_a_registry_must_be_named_or_the_images_be_on_the_nodes() -> None:
    with pytest.raises(HelmFailed) as refusal:
        helm("template", "x", str(CHART), "--set", "checkApis=false")
    message = str(refusal.value)
    assert "--set images.registry=REGISTRY/PATH" in message
    assert "--set images.local=true" in message


def test_a_chart_rendered_without_a_cluster_need_not_say_what_it_offers() -> None:
    assert render(sets=["checkApis=false"], apis=())


def test_standard_mode_needs_no_knative() -> None:
    assert render(sets=['mode="Standard"'], apis=APIS[:1])
