"""Requests read as a server reads them, recordings decoded on the spot; answers of a V1 step."""

import pytest

from contract.audio.codec import read_wav
from contract.errors import InvalidRequest, ModelFailed, PayloadTooLarge
from contract.fields import fields_of, missing, read_parameters
from contract.wire.codecs import Draft, Recording, codec_of
from contract.wire.instances import draft_from_instance
from contract.wire.tensors import draft_from_message
from transport.decoding.reading import decode
from transport.decoding.refusals import AudioLimits

LIMITS = AudioLimits()


def input_from_message(task, message, *, limits=LIMITS):
    return _complete(draft_from_message(task, message, max_bytes=limits.max_bytes), limits)


def input_from_instance(task, instance, *, limits=LIMITS):
    return _complete(draft_from_instance(task, instance, max_bytes=limits.max_bytes), limits)


def _complete(draft: Draft, limits):
    bounds = {"max_bytes": limits.max_bytes, "max_seconds": limits.max_seconds}

    async def decoded(one):
        return decode(one.data, **bounds, param=one.param)

    reading = draft.complete(decoded)  # it waits for nothing, so it needs no loop
    with pytest.raises(StopIteration) as done:
        reading.send(None)
    return done.value.value


def output_from_instance(kind, instance):
    """A step's output read back, for whoever called a graph. Raises ModelFailed."""
    try:
        return _output(kind, instance)
    except (InvalidRequest, PayloadTooLarge) as exc:
        raise ModelFailed(f"the graph's answer cannot be read: {exc.message}") from exc


def _output(kind, instance):
    values, parameters = {}, {}
    for field in fields_of(kind):
        key = field.instance_keys[0]
        if instance.get(key) is None:
            if field.is_required:
                raise missing("field", field)
        elif field.tensor is None:
            parameters[field.name] = instance[key]
        else:
            found = codec_of(field).from_json(field, key, instance[key], None)
            values[field.name] = (
                read_wav(found.data, param=key) if isinstance(found, Recording) else found
            )
    return kind(**values, **read_parameters(kind, parameters))


def to_instance(request):
    """A request as the first instance of a chain, under the task's own field names."""
    return {
        field.name: value if field.tensor is None else codec_of(field).to_json(value)
        for field in fields_of(type(request))
        if (value := getattr(request, field.name)) is not None
    }
