"""The toolchains: for every name and task, one async function."""

from collections.abc import Awaitable, Callable
from typing import Any

from contract.tasks import Task, TaskOutput
from transformer.steps import Steps
from transformer.toolchains import diarize, harmonyspeech, long_transcription, openvoice, voicefixer

Toolchain = Callable[[Any, Steps], Awaitable[TaskOutput]]

TOOLCHAINS: dict[str, dict[Task, Toolchain]] = {
    "harmonyspeech": {
        Task.SPEAK: harmonyspeech.speak,
        Task.EMBED_SPEAKER: harmonyspeech.embed,
    },
    "openvoice_v1": {
        Task.SPEAK: openvoice.V1.speak,
        Task.EMBED_SPEAKER: openvoice.V1.embed,
        Task.CONVERT_VOICE: openvoice.V1.convert,
    },
    "openvoice_v2": {
        Task.SPEAK: openvoice.V2.speak,
        Task.EMBED_SPEAKER: openvoice.V2.embed,
        Task.CONVERT_VOICE: openvoice.V2.convert,
    },
    "diarize": {
        Task.TRANSCRIBE_SPEAKERS: diarize.transcribe,
        Task.DIARIZE: diarize.diarize,
    },
    "long_transcription": {Task.TRANSCRIBE: long_transcription.transcribe},
    "voicefixer": {Task.RESTORE_AUDIO: voicefixer.restore},
}
