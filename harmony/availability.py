"""Which models of this process are awake, as a cluster would tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contract.catalog import Availability
from predictors.runtime.runner import ModelRunner


class LoadedModels(Mapping[str, Availability]):
    """Asked anew each time: models load, and are unloaded to make room."""

    def __init__(self, runners: Mapping[str, ModelRunner]) -> None:
        self._runners = runners

    def __getitem__(self, name: str) -> Availability:
        return Availability.READY if self._runners[name].is_loaded else Availability.ASLEEP

    def __iter__(self) -> Iterator[str]:
        return iter(self._runners)

    def __len__(self) -> int:
        return len(self._runners)
