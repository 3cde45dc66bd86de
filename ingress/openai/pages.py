"""Lists in pages, as OpenAI has them: `limit`, `after`, `order`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from contract.errors import InvalidRequest
from ingress.voices.records import PageRequest, is_consent_id, is_voice_id
from ingress.wording import quoted

MOST = 100
Limit = Annotated[int, Query(ge=1, le=MOST)]
"""OpenAI's bounds (openai-python types/audio/voice_consent_list_params.py)."""
After = Annotated[str | None, Query()]
Order = Annotated[Literal["asc", "desc"], Query()]


def page_request(limit: int, after: str | None, order: str) -> PageRequest:
    """Raises InvalidRequest. An id whose record is gone is a place all the same."""
    after = after or None
    if after is not None and not (is_consent_id(after) or is_voice_id(after)):
        raise InvalidRequest(
            f"after {quoted(after)} is no id of this list; send the last one of the page before",
            param="after",
        )
    return PageRequest(limit, after, ascending=order == "asc")
