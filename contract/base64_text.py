"""Binary data in JSON: base64, as clients really write it."""

from __future__ import annotations

import base64
import binascii

from contract.errors import InvalidRequest, PayloadTooLarge

_STANDARD = str.maketrans("-_", "+/")
"""From the alphabet for addresses (RFC 4648, section 5)."""


def from_base64(text: str, *, param: str, max_bytes: int | None = None) -> bytes:
    """Bytes of base64 in either alphabet, with or without a `data:` prefix, line breaks, padding.

    Raises InvalidRequest, PayloadTooLarge before anything is decoded.
    """
    if text.lstrip()[:5] == "data:":
        text = text.partition(",")[2]
    if max_bytes is not None and len(text) // 4 * 3 > max_bytes * 1.05 + 4:  # line breaks, padding
        raise PayloadTooLarge(
            f"{param} has {len(text) // 4 * 3} bytes; the most is {max_bytes}", param=param
        )
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # perhaps only broken into lines, or without padding
        data = _from_lines(text, param)
    if not data:
        raise InvalidRequest(f"{param} is empty; send base64", param=param)
    return data


def _from_lines(text: str, param: str) -> bytes:
    joined = "".join(text.split()).rstrip("=").translate(_STANDARD)
    try:
        return binascii.a2b_base64(joined + "=" * (-len(joined) % 4), strict_mode=True)
    except ValueError:
        raise InvalidRequest(
            f"{param} must be base64 text; encode the bytes of the file", param=param
        ) from None


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
