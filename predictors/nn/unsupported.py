"""Parameters of synthesis that a family does not have."""

from __future__ import annotations

from contract.errors import InvalidRequest
from contract.tasks import SynthesizeInput


def refuse_given(request: SynthesizeInput, *names: str, by: str) -> None:
    """Raises InvalidRequest that names the first of the parameters which the request gives."""
    for name in names:
        if getattr(request, name) is not None:
            raise InvalidRequest(f"{name} is not supported by {by}; leave it out", param=name)
