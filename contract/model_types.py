"""The seed's model types and the task of each. Plugins add theirs through the registry."""

from contract.tasks import Task

MODEL_TYPE_TASKS: dict[str, Task] = {
    "FasterWhisper": Task.TRANSCRIBE,
    "SileroVAD": Task.DETECT_SPEECH,
    "HarmonySpeechEncoder": Task.EMBED_SPEAKER,
    "OpenVoiceV1ToneConverterEncoder": Task.EMBED_SPEAKER,
    "OpenVoiceV2ToneConverterEncoder": Task.EMBED_SPEAKER,
    "HarmonySpeechSynthesizer": Task.SYNTHESIZE_MEL,
    "HarmonySpeechVocoder": Task.VOCODE,
    "VoiceFixerVocoder": Task.VOCODE,
    "OpenVoiceV1Synthesizer": Task.SYNTHESIZE,
    "MeloTTSSynthesizer": Task.SYNTHESIZE,
    "PiperSynthesizer": Task.SYNTHESIZE,
    "OpenVoiceV1ToneConverter": Task.CONVERT_VOICE,
    "OpenVoiceV2ToneConverter": Task.CONVERT_VOICE,
    "VoiceFixerRestorer": Task.RESTORE,
}
