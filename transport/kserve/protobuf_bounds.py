"""How many fields a serialized ModelInferRequest has, before protobuf makes an object of each.

An empty sub-message costs two bytes on the wire and about a hundred in memory. Wire format:
https://protobuf.dev/programming-guides/encoding/; field numbers: kserve/kserve,
python/kserve/kserve/protocol/grpc/grpc_predict_v2.proto.
"""

from __future__ import annotations

from typing import Any

from contract.errors import InvalidRequest

MAX_FIELDS = 4096
"""A request of ours has about 30; numbers count once a tensor, as protobuf packs them."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_NESTED: dict[int, Any] = {5: {5: {}}, 6: {}}
"""Fields that repeat inside fields: inputs, the contents of each, and outputs."""


def check_fields(raw: bytes) -> None:
    """Raise InvalidRequest for more than MAX_FIELDS, or what is no protobuf message."""
    try:
        _count(raw, 0, len(raw), _NESTED, MAX_FIELDS)
    except (IndexError, ValueError):
        raise InvalidRequest(
            f"the message is not a ModelInferRequest of at most {MAX_FIELDS} fields; send tensors "
            "in raw_input_contents",
            param="body",
        ) from None


def _count(raw: bytes, at: int, end: int, nested: dict[int, Any], left: int) -> int:
    """How many of the `left` fields remain after those of raw[at:end]."""
    while at < end:
        left -= 1
        if left < 0:
            raise ValueError("too many fields")
        tag, at = _varint(raw, at)
        number, kind = tag >> 3, tag & 7
        size = 0
        if kind == _VARINT:
            _, at = _varint(raw, at)
        elif kind == _LENGTH:
            size, at = _varint(raw, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError("no such wire type")
        if at + size > end:
            raise ValueError("a field that ends after its message")
        if kind == _LENGTH and number in nested:
            left = _count(raw, at, at + size, nested[number], left)
        at += size
    return left


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
