"""HSE's filters: restoration of what comes in, and of what goes out."""

from __future__ import annotations

from collections.abc import Sequence

from contract.audio import Audio
from contract.errors import InvalidRequest, ModelNotFound
from contract.tasks import RestoreAudioInput
from ingress.door import Door
from ingress.exchange import Exchange
from ingress.listings import AUDIO_CONVERT
from ingress.schemas.hse import AudioConversionRequest
from ingress.selection import find_card

_MOST_FILTERS = 8


def plan(door: Door, filters: Sequence[AudioConversionRequest], *, param: str) -> tuple[str, ...]:
    """Names of the restorers to apply, in order; a filter's own filters come before it.

    Raises InvalidRequest that names the field when one of them is not configured.
    """
    names: list[str] = []
    for one in filters:
        names += plan(door, one.pre_processing_filters, param=param)
        names.append(_restorer(door, one, param))
        if len(names) > _MOST_FILTERS:
            raise InvalidRequest(f"{param} has more than {_MOST_FILTERS} filters", param=param)
    return tuple(names)


def _restorer(door: Door, one: AudioConversionRequest, param: str) -> str:
    try:
        return find_card(door.catalog.current, door.settings, AUDIO_CONVERT, one.model).id
    except ModelNotFound as exc:
        raise InvalidRequest(f"{param}: {exc.message}", param=param) from exc


async def apply(door: Door, exchange: Exchange, names: tuple[str, ...], audio: Audio) -> Audio:
    for name in names:
        audio = (await door.call(name, RestoreAudioInput(audio), exchange)).audio
    return audio
