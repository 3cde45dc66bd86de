"""The toolchains: who takes part in each, and whom each task needs.

The one table: the transformer takes its steps' models from it, the ingress lists and refuses by it,
docs and chart are printed from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.tasks import Task

ModelTypes = tuple[str, ...]
"""Alternatives: a predictor of any of these types will do. A task stands for all of its types."""
SPEECH_DETECTORS: ModelTypes = ("FasterWhisper", "SileroVAD")


@dataclass(frozen=True, slots=True)
class ToolchainSpec:
    """A toolchain's `members` are the parts that models play in it, by name."""

    name: str
    members: dict[str, ModelTypes]
    tasks: dict[Task, tuple[str, ...]]
    """The members that a task needs; the languages of the first are those of the toolchain."""
    last: str
    """The member that is the predictor of the toolchain's InferenceService."""

    @property
    def needs(self) -> dict[Task, tuple[ModelTypes, ...]]:
        return {
            task: tuple(self.members[name] for name in names) for task, names in self.tasks.items()
        }

    @property
    def last_model_type(self) -> str:
        return self.members[self.last][0]


def _openvoice(version: int, synthesizer: str) -> ToolchainSpec:
    converter = f"OpenVoiceV{version}ToneConverter"
    return ToolchainSpec(
        name=f"openvoice_v{version}",
        members={
            "synthesizer": (synthesizer,),
            "speech_detector": SPEECH_DETECTORS,
            "encoder": (f"{converter}Encoder",),
            "converter": (converter,),
        },
        tasks={
            Task.SPEAK: ("synthesizer", "converter"),
            Task.EMBED_SPEAKER: ("speech_detector", "encoder"),
            Task.CONVERT_VOICE: ("converter",),
        },
        last="converter",
    )


TOOLCHAINS: dict[str, ToolchainSpec] = {
    spec.name: spec
    for spec in (
        ToolchainSpec(
            name="harmonyspeech",
            members={
                "encoder": ("HarmonySpeechEncoder",),
                "synthesizer": ("HarmonySpeechSynthesizer",),
                "vocoder": ("HarmonySpeechVocoder",),
            },
            tasks={
                Task.SPEAK: ("synthesizer", "vocoder"),
                Task.EMBED_SPEAKER: ("encoder",),
            },
            last="vocoder",
        ),
        _openvoice(1, "OpenVoiceV1Synthesizer"),
        _openvoice(2, "MeloTTSSynthesizer"),
        ToolchainSpec(
            name="voicefixer",
            members={"restorer": ("VoiceFixerRestorer",), "vocoder": ("VoiceFixerVocoder",)},
            tasks={Task.RESTORE_AUDIO: ("restorer", "vocoder")},
            last="vocoder",
        ),
        ToolchainSpec(
            name="diarize",
            members={
                "transcriber": ("FasterWhisper",),
                "speech_detector": (Task.DETECT_SPEECH,),
                "encoder": (Task.EMBED_SPEAKER,),
            },
            tasks={
                Task.TRANSCRIBE_SPEAKERS: ("transcriber", "speech_detector", "encoder"),
                Task.DIARIZE: ("speech_detector", "encoder"),
            },
            last="transcriber",
        ),
        ToolchainSpec(
            name="long_transcription",
            members={"transcriber": ("FasterWhisper",), "speech_detector": ("SileroVAD",)},
            tasks={Task.TRANSCRIBE: ("transcriber", "speech_detector")},
            last="speech_detector",  # so that the recogniser's replicas scale by themselves
        ),
    )
}
