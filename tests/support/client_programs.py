"""The requests that client programs send, as their sources build them.

Each row cites where its program builds the request: repository, path, then line at a commit, or
the function where a line would not stay. Programs on the official openai clients are given by
what those clients put on the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fake_client import TEXT

from ingress.encoding import AudioFormat


@dataclass(frozen=True)
class Spoken:
    """A program that asks for speech: its JSON body, and the format it plays."""

    program: str
    source: str
    body: dict[str, Any]
    plays: AudioFormat = AudioFormat.MP3
    ignored: str | None = None


SPEECH = [
    Spoken(
        "LiveKit Agents, default model",
        "livekit/agents livekit-plugins/livekit-plugins-openai/livekit/plugins/openai/tts.py:257 "
        "at da6af86ac",
        {
            **{"model": "gpt-4o-mini-tts", "voice": "ash", "response_format": "mp3", "speed": 1.0},
            **{"instructions": "Friendly.", "stream_format": "sse"},
        },
        ignored="instructions",
    ),
    Spoken(
        "LiveKit Agents, tts-1",
        "livekit/agents livekit-plugins/livekit-plugins-openai/livekit/plugins/openai/tts.py:265 "
        "at da6af86ac",
        {
            **{"model": "tts-1", "voice": "ash", "response_format": "opus", "speed": 1.0},
            "stream_format": "audio",
        },
        AudioFormat.OPUS,
    ),
    Spoken(
        "Pipecat",
        "pipecat-ai/pipecat src/pipecat/services/openai/tts.py:267 at acead0507",
        {
            **{"model": "gpt-4o-mini-tts", "voice": "marin", "response_format": "pcm"},
            **{"instructions": "Speak slowly.", "speed": 1.0},
        },
        AudioFormat.PCM,
        "instructions",
    ),
    Spoken(
        "Vercel AI SDK",
        "vercel/ai packages/openai/src/speech/openai-speech-model.ts getArgs at 0d67d0f2b0",
        {
            **{"model": "gpt-4o-mini-tts", "voice": "alloy", "response_format": "wav"},
            **{"speed": 1, "instructions": "Friendly."},
        },
        AudioFormat.WAV,
        "instructions",
    ),
    Spoken(
        "Open WebUI with OPENAI_PARAMS",
        "open-webui/open-webui backend/open_webui/routers/audio.py speech at 6adde203cd",
        {
            **{"model": "tts-1", "voice": "Alloy", "stream": True, "output_format": "mp3"},
            **{"lang_code": "a", "user": "me", "speed": None},
        },
        ignored="user",
    ),
    Spoken(
        "Home Assistant, openai_conversation without a prompt",
        "home-assistant/core homeassistant/components/openai_conversation/tts.py "
        "async_get_tts_audio at 057855a9c9",
        {
            **{"model": "gpt-4o-mini-tts", "voice": "marin", "instructions": "None"},
            **{"speed": 1.0, "response_format": "mp3"},
        },
    ),
    Spoken(
        "Home Assistant through wyoming_openai",
        "roryeckel/wyoming_openai src/wyoming_openai/handler.py:956 at 614b6df",
        {
            **{"model": "tts-1", "voice": "alloy", "response_format": "wav"},
            **{"speed": 1.1, "instructions": "Calm."},
        },
        AudioFormat.WAV,
        "instructions",
    ),
    Spoken(
        "LibreChat without voices",
        "danny-avila/LibreChat api/server/services/Files/Audio/TTSService.js openAIProvider "
        "at 00b3bc32f0",
        {"model": "tts-1", "backend": "piper"},
        ignored="backend",
    ),
    Spoken(
        "LibreChat for LocalAI",
        "danny-avila/LibreChat api/server/services/Files/Audio/TTSService.js localAIProvider "
        "at 00b3bc32f0",
        {"backend": "piper"},
        ignored="backend",
    ),
    Spoken(
        "n8n",
        "n8n-io/n8n packages/@n8n/nodes-langchain/nodes/vendors/OpenAi/v2/actions/audio/"
        "generate.operation.ts execute at 411c57ae63",
        {"model": "tts-1-hd", "voice": "onyx", "response_format": "flac", "speed": 1},
        AudioFormat.FLAC,
    ),
    Spoken(
        "LiteLLM",
        "BerriAI/litellm litellm/llms/openai/openai.py audio_speech at 21ba936309",
        {"model": "gpt-4o-mini-tts", "voice": "nova", "response_format": "aac", "speed": 1.0},
        AudioFormat.AAC,
    ),
    Spoken(
        "AnythingLLM, OpenAI",
        "Mintplex-Labs/anything-llm server/utils/TextToSpeech/openAi/index.js:14 at 72aabbd15",
        {"model": "tts-1", "voice": "alloy"},
    ),
    Spoken(
        "AnythingLLM, any server",
        "Mintplex-Labs/anything-llm server/utils/TextToSpeech/openAiGeneric/index.js:43 "
        "at 72aabbd15",
        {"model": "piper", "voice": "joe"},
    ),
]


def has_text(body: dict[str, Any]) -> None:
    assert body["text"] == TEXT


def has_segments(body: dict[str, Any]) -> None:
    assert (body["text"], body["language"], body["duration"]) == (TEXT, "english", 3)
    assert len(body["segments"]) == 2


def has_languages(body: dict[str, Any]) -> None:
    assert (body["text"], body["languages"]) == (TEXT, [{"code": "en"}])


def has_logprobs(body: dict[str, Any]) -> None:
    assert "".join(one["token"] for one in body["logprobs"]) == body["text"] == TEXT


@dataclass(frozen=True)
class Written:
    """A program that uploads a recording: its form, and what it reads of the answer."""

    program: str
    source: str
    form: dict[str, Any]
    reads: Callable[[dict[str, Any]], None] = has_text
    reaches: dict[str, Any] = field(default_factory=dict)
    """Fields of the model's request."""
    ignored: str | None = None


TRANSCRIPTIONS = [
    Written(
        "LiveKit Agents, default model",
        "livekit/agents livekit-plugins/livekit-plugins-openai/livekit/plugins/openai/stt.py:625 "
        "at da6af86ac",
        {"model": "gpt-4o-mini-transcribe", "language": "en", "response_format": "json"},
        reaches={"language": "en"},
    ),
    Written(
        "LiveKit Agents, several languages",
        "livekit/agents livekit-plugins/livekit-plugins-openai/livekit/plugins/openai/stt.py:633 "
        "at da6af86ac",
        {
            **{"model": "gpt-transcribe", "languages[]": ["en", "de"], "response_format": "json"},
            **{"keywords[]": ["LiveKit", "WebRTC"], "prompt": "A call.", "temperature": "0"},
        },
        has_languages,
        {"languages": "en,de", "hotwords": "LiveKit, WebRTC", "prompt": "A call."},
    ),
    Written(
        "LiveKit Agents, whisper-1",
        "livekit/agents livekit-plugins/livekit-plugins-openai/livekit/plugins/openai/stt.py:622 "
        "at da6af86ac",
        {"model": "whisper-1", "language": "en", "response_format": "verbose_json"},
        has_segments,
    ),
    Written(
        "Pipecat with metrics of probability",
        "pipecat-ai/pipecat src/pipecat/services/openai/stt.py:164 at acead0507",
        {
            **{"model": "gpt-4o-transcribe", "language": "en", "response_format": "json"},
            **{"include[]": "logprobs", "prompt": "A call.", "temperature": "0.0"},
        },
        has_logprobs,
        {"language": "en", "word_timestamps": True},
    ),
    Written(
        "Vercel AI SDK, whisper-1",
        "vercel/ai packages/openai/src/transcription/openai-transcription-model.ts getArgs "
        "at 036463bbaf",
        {
            **{"model": "whisper-1", "response_format": "verbose_json", "temperature": "0"},
            "timestamp_granularities[]": ["segment"],
        },
        has_segments,
    ),
    Written(
        "Vercel AI SDK, gpt-4o-transcribe with options",
        "vercel/ai packages/openai/src/transcription/openai-transcription-model.ts getArgs "
        "at 036463bbaf",
        {
            **{"model": "gpt-4o-transcribe", "response_format": "json", "temperature": "0"},
            **{"language": "en", "timestamp_granularities[]": ["segment"]},
        },
        ignored="timestamp_granularities",
    ),
    Written(
        "Open WebUI",
        "open-webui/open-webui backend/open_webui/routers/audio.py transcription_handler "
        "at 6adde203cd",
        {"model": "whisper-1", "language": "pt-BR"},
        reaches={"language": "pt"},
    ),
    Written(
        "Home Assistant, openai_conversation in Filipino",
        "home-assistant/core homeassistant/components/openai_conversation/stt.py "
        "async_process_audio_stream at 0c3b5f1f13",
        {
            **{"model": "gpt-4o-mini-transcribe", "response_format": "json", "language": "fil"},
            "prompt": "The user is speaking with a voice assistant.",
        },
        reaches={"language": "tl"},
    ),
    Written(
        "Home Assistant through wyoming_openai, as to speaches",
        "roryeckel/wyoming_openai src/wyoming_openai/handler.py:245 at 614b6df",
        {"model": "whisper", "response_format": "json", "temperature": "0", "vad_filter": "false"},
        reaches={"vad_filter": False},
    ),
    Written(
        "LibreChat",
        "danny-avila/LibreChat api/server/services/Files/Audio/STTService.js openAIProvider "
        "at 00b3bc32f0",
        {"model": "whisper-1", "language": "nb"},
        reaches={"language": "no"},
    ),
    Written(
        "LibreChat for Azure, which has the model in the address",
        "danny-avila/LibreChat api/server/services/Files/Audio/STTService.js azureOpenAIProvider "
        "at 00b3bc32f0",
        {"language": "en"},
        reaches={"language": "en"},
    ),
    Written(
        "n8n",
        "n8n-io/n8n packages/@n8n/nodes-langchain/nodes/vendors/OpenAi/v2/actions/audio/"
        "transcribe.operation.ts execute at 8bd7c56bab",
        {"model": "whisper-1", "language": "en", "temperature": "0.3"},
        reaches={"temperature": 0.3},
    ),
    Written(
        "LiteLLM, which asks for the duration",
        "BerriAI/litellm litellm/llms/openai/transcriptions/whisper_transformation.py "
        "transform_audio_transcription_request at 076d1da407",
        {
            **{"model": "whisper-1", "response_format": "verbose_json", "prompt": ""},
            "timestamp_granularities[]": ["word", "segment"],
        },
        has_segments,
        {"word_timestamps": True, "prompt": None},
    ),
    Written(
        "AnythingLLM",
        "Mintplex-Labs/anything-llm collector/utils/WhisperProviders/OpenAiWhisper.js:22 "
        "at 72aabbd15",
        {"model": "whisper-1", "temperature": "0"},
    ),
    Written(
        "speaches' own users",
        "speaches-ai/speaches src/speaches/routers/stt.py transcribe_file at 870e1e1",
        {
            **{"model": "whisper", "language": "en", "hotwords": "Kennedy", "vad_filter": "true"},
            **{"response_format": "json", "timestamp_granularities[]": "segment"},
        },
        reaches={"hotwords": "Kennedy", "vad_filter": True},
        ignored="timestamp_granularities",
    ),
]
