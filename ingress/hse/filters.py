"""HSE's filters: restoration of what comes in, and of what goes out."""

from __future__ import annotations

from collections.abc import Sequence

from contract.audio.codec import Audio
from contract.errors import InvalidRequest, ModelNotFound
from contract.tasks import RestoreAudioInput
from ingress.endpoints import AUDIO_CONVERT
from ingress.hse.schemas import AudioConversionRequest
from ingress.request_state import RequestState
from ingress.selection import find_model
from ingress.state import AppState

_MOST_FILTERS = 8


def plan(
    app_state: AppState, filters: Sequence[AudioConversionRequest], *, param: str
) -> tuple[str, ...]:
    """Names of the restorers to apply, in order; a filter's own filters come before it.

    Raises InvalidRequest that names the field when one of them is not configured.
    """
    names: list[str] = []
    for one in filters:
        names += plan(app_state, one.pre_processing_filters, param=param)
        names.append(_restorer(app_state, one, param))
        if len(names) > _MOST_FILTERS:
            raise InvalidRequest(
                f"{param} has more than {_MOST_FILTERS} filters; send fewer", param=param
            )
    return tuple(names)


def _restorer(app_state: AppState, one: AudioConversionRequest, param: str) -> str:
    try:
        return find_model(
            app_state.catalog.current, app_state.settings, AUDIO_CONVERT, one.model
        ).id
    except ModelNotFound as exc:
        raise InvalidRequest(f"{param}: {exc.message}", param=param) from exc


async def apply(
    app_state: AppState, state: RequestState, names: tuple[str, ...], audio: Audio
) -> Audio:
    for name in names:
        audio = (await app_state.call(name, RestoreAudioInput(audio), state)).audio
    return audio
