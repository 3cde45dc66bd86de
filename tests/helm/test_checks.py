"""What a schema cannot say stops the install with a remedy."""

import pytest
from chart import APIS, HelmFailed, render

GPU = '{"model": "a/b", "model_type": "FasterWhisper"'


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ('models.whisper-base.profile="tpu"', "profiles has cpu-large, cpu-small, gpu-large"),
        ('models.x={"model": "a", "model_type": "Bark"}', "A plugin's type needs a line there"),
        (f'models.x={GPU}, "max_batch_size": 64}}', "raise scaling.containerConcurrency"),
        (f'models.x={GPU}, "fallback": "nobody"}}', "which is no enabled model"),
        (f'models.x={GPU}, "fallback": "piper-en"}}', "performs synthesize and not transcribe"),
        (
            f'models.x={GPU}, "weights": {{"localModelCache": {{"nodeGroups": ["gpu"]}}}}}}',
            "set that too, for example hf://a/b",
        ),
        (f"models.voicefixer={GPU}}}", "choose another"),
        ("toolchains.openvoice_v2.enabled=true", "needs a model of type OpenVoiceV2ToneConv"),
        ("scaling.timeoutSeconds=120", "ingress.requestTimeoutSeconds must be below"),
        ("ingress.httpRoute.enabled=true", "parentRefs names no Gateway"),
        ('modelTypes.FasterWhisper.image="rust"', 'images.repositories has no "rust"'),
    ],
)
def test_a_contradiction_is_refused_with_a_remedy(setting, remedy) -> None:
    with pytest.raises(HelmFailed) as refusal:
        render(sets=[setting])
    assert remedy in str(refusal.value)


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


def test_standard_mode_needs_no_knative() -> None:
    assert render(sets=['mode="Standard"'], apis=APIS[:1])
