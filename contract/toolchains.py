"""The toolchains that exist, the tasks each serves, and the model types each task needs.

A need is a tuple of alternatives: any one of them will do. Both doors read this table: the ingress
to list what a configuration can do, the transformer to refuse what it cannot.
"""

from dataclasses import dataclass

from contract.tasks import Task

Need = tuple[str, ...]
_SPEECH_FINDERS: Need = ("FasterWhisper", "SileroVAD")


@dataclass(frozen=True, slots=True)
class ToolchainSpec:
    name: str
    embedding_family: str | None
    needs: dict[Task, tuple[Need, ...]]
    last_model_type: str
    """The KServe predictor that this toolchain's transformer stands before."""


def _openvoice(version: int, synthesizer: str) -> ToolchainSpec:
    converter = f"OpenVoiceV{version}ToneConverter"
    return ToolchainSpec(
        name=f"openvoice_v{version}",
        embedding_family=f"openvoice_v{version}",
        needs={
            Task.SPEAK: ((synthesizer,), (converter,)),
            Task.EMBED_SPEAKER: (_SPEECH_FINDERS, (f"{converter}Encoder",)),
            Task.CONVERT_VOICE: ((converter,),),
        },
        last_model_type=converter,
    )


TOOLCHAINS: dict[str, ToolchainSpec] = {
    spec.name: spec
    for spec in (
        ToolchainSpec(
            name="harmonyspeech",
            embedding_family="harmonyspeech",
            needs={
                Task.SPEAK: (("HarmonySpeechSynthesizer",), ("HarmonySpeechVocoder",)),
                Task.EMBED_SPEAKER: (("HarmonySpeechEncoder",),),
            },
            last_model_type="HarmonySpeechVocoder",
        ),
        _openvoice(1, "OpenVoiceV1Synthesizer"),
        _openvoice(2, "MeloTTSSynthesizer"),
        ToolchainSpec(
            name="voicefixer",
            embedding_family=None,
            needs={Task.RESTORE_AUDIO: (("VoiceFixerRestorer",), ("VoiceFixerVocoder",))},
            last_model_type="VoiceFixerVocoder",
        ),
    )
}
