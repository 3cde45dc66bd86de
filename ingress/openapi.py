"""The OpenAPI document: answers of both dialects, uploads, keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ingress.dialect import API_PATHS, SPEECH_PATH, is_below
from ingress.encoding import AudioFormat
from ingress.hse import schemas as hse
from ingress.openai import schemas as openai
from ingress.openai import voice_schemas

Answers = dict[int | str, dict[str, Any]]

_REFS = "#/components/schemas/{model}"
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "api-key": {"type": "apiKey", "in": "header", "name": "Api-Key"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}
_MEANINGS = {
    400: "A field is wrong; the message names it",
    401: "No valid API key",
    404: "No such model, voice or path here",
    405: "No such method here",
    413: "Body or audio too large",
    429: "Too many requests; see Retry-After",
    500: "The model failed",
    503: "The model cannot answer now",
    504: "The deadline has passed",
}
# Read by hand and not by FastAPI, so their schemas are added by hand too.
_BY_HAND: tuple[type[BaseModel], ...] = (
    hse.AudioAnswer,
    hse.SpeechToTextResponse,
    hse.SpeechTranscribeRequest,
    openai.CreateTranscriptionRequest,
    openai.Transcription,
    openai.TranscriptionDiarized,
    openai.TranscriptionVerbose,
    openai.Translation,
    hse.HseError,
    openai.OpenAIError,
)


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFS.format(model=model.__name__)}


def _multipart(fields: type[BaseModel], upload: str = "file") -> dict[str, Any]:
    """The request body of an upload."""
    schema = fields.model_json_schema(ref_template=_REFS)
    schema.pop("$defs", None)
    file = {"type": "string", "format": "binary", "description": "The recording."}
    properties = {upload: file} | {
        f"{name}[]" if value.get("type") == "array" else name: value
        for name, value in schema["properties"].items()
    }
    required = [upload, *schema.get("required", [])]
    body = schema | {"properties": properties, "required": required}
    return {"multipart/form-data": {"schema": body}}


def _json(*models: type[BaseModel]) -> dict[str, Any]:
    refs = [_ref(model) for model in models]
    return {"application/json": {"schema": refs[0] if len(refs) == 1 else {"anyOf": refs}}}


def _errors(*shapes: type[BaseModel]) -> Answers:
    return {
        status: {"description": meaning, "content": _json(*shapes)}
        for status, meaning in _MEANINGS.items()
    }


HSE_ERRORS = _errors(hse.HseError)
OPENAI_ERRORS = _errors(openai.OpenAIError)
VOICE_ERRORS = OPENAI_ERRORS | {
    403: {"description": "Not allowed on this server", "content": _json(openai.OpenAIError)}
}
BOTH_ERRORS = _errors(openai.OpenAIError, hse.HseError)

_TEXT = {"schema": {"type": "string"}}
# One event; `data` is the JSON object that the openai client's event types describe.
_EVENTS = {
    "schema": {
        "type": "object",
        "properties": {"data": {"type": "string", "contentMediaType": "application/json"}},
        "required": ["data"],
    }
}
_AUDIO = {
    kind.content_type: {"schema": {"type": "string", "format": "binary"}} for kind in AudioFormat
}


def _ok(description: str, content: dict[str, Any]) -> Answers:
    return {200: {"description": description, "content": content}}


def hse_answers(model: type[BaseModel]) -> Answers:
    return {200: {"model": model}, **HSE_ERRORS}


def hse_audio_answers() -> Answers:
    said = "JSON with base64, or with output_options.stream the bare audio"
    return _ok(said, _json(hse.AudioAnswer) | _AUDIO) | HSE_ERRORS


SPEECH_ANSWERS = (
    _ok(
        "OpenAI: audio, or server-sent events speech.audio.delta and speech.audio.done. "
        "HSE: JSON with base64, or with output_options.stream the bare audio",
        _AUDIO | {"text/event-stream": _EVENTS} | _json(hse.AudioAnswer),
    )
    | BOTH_ERRORS
)
_TRANSCRIPTS = dict.fromkeys(("text/plain", "text/vtt"), _TEXT)
TRANSCRIPTION_ANSWERS = (
    _ok(
        "The transcript in the format asked for; with stream, server-sent events "
        "transcript.text.delta, transcript.text.segment and transcript.text.done",
        _json(
            openai.TranscriptionDiarized,
            openai.TranscriptionVerbose,
            openai.Transcription,
            hse.SpeechToTextResponse,
        )
        | _TRANSCRIPTS
        | {"text/event-stream": _EVENTS},
    )
    | BOTH_ERRORS
)
TRANSLATION_ANSWERS = (
    _ok(
        "The English text in the format asked for",
        _json(openai.TranscriptionVerbose, openai.Translation) | _TRANSCRIPTS,
    )
    | OPENAI_ERRORS
)


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}


TRANSCRIPTION_BODY = _body(
    _multipart(openai.CreateTranscriptionRequest) | _json(hse.SpeechTranscribeRequest)
)
VOICE_CONSENT_BODY = _body(_multipart(voice_schemas.CreateVoiceConsentRequest, "recording"))
VOICE_BODY = _body(_multipart(voice_schemas.CreateVoiceRequest, "audio_sample"))
SPEECH_TIMESTAMPS_BODY = _body(_multipart(openai.DetectSpeechRequest))
TRANSLATION_BODY = _body(_multipart(openai.CreateTranslationRequest))


def document(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """A function that makes the document once and keeps it, as FastAPI wants it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    return openapi


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, definitions = models_json_schema(
        [(model, "serialization") for model in _BY_HAND], ref_template=_REFS
    )
    components = made.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions["$defs"])
    components["securitySchemes"] = _SECURITY
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _correct(path, operation)
    return made


def _correct(path: str, operation: dict[str, Any]) -> None:
    """Wrong bodies are 400 here, not 422; keys guard the API; a body may fit both dialects."""
    operation["responses"].pop("422", None)
    if is_below(path, API_PATHS):
        operation["security"] = [{name: []} for name in _SECURITY]
    if path == SPEECH_PATH:
        content = operation["requestBody"]["content"]["application/json"]
        schema = content["schema"]
        content["schema"] = {"anyOf": schema.get("oneOf") or schema["anyOf"]}
