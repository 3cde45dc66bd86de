"""Lists in pages, as OpenAI has them: `limit`, `after`, `order`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BeforeValidator

from contract.errors import InvalidRequest
from ingress.client_body import AnyCase, is_unset
from ingress.voices.records import PageRequest
from ingress.wording import quoted

MOST, USUAL = 100, 20


def _or(default: Any) -> BeforeValidator:
    """What serialisers write for nothing is the default."""
    return BeforeValidator(lambda given: default if is_unset(given) else given)


Limit = Annotated[int, Query(ge=1, le=MOST), _or(USUAL)]
"""OpenAI's bounds (openai-python types/audio/voice_consent_list_params.py)."""
After = Annotated[str | None, Query(), _or(None)]
Order = Annotated[Literal["asc", "desc"], Query(), AnyCase, _or("desc")]


def page_request(
    limit: int, after: str | None, order: str, is_id: Callable[[str], bool]
) -> PageRequest:
    """Raises InvalidRequest. An id whose record is gone is a place all the same."""
    if after is not None and not is_id(after):
        raise InvalidRequest(
            f"after {quoted(after)} is no id of this list; send the last one of the page before",
            param="after",
        )
    return PageRequest(limit, after, ascending=order == "asc")
