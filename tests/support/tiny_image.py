"""The predictors' own program in an image whose table names tiny model types instead of real ones.

    python tiny_image.py -m predictors --model_config '{"model_type": "MeloTTSSynthesizer", …}'

`options.load_s` is how long a model takes to load, `options.run_s` how long a batch, and
`options.family` the family of its embeddings. With TINY_GATE=PATH the program makes PATH.imported
when it could begin and waits for PATH.go.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import tiny_models

from contract.config import ModelConfig
from contract.model_types import MODEL_TYPE_TASKS
from predictors import server
from predictors.runtime.model import Weights

logger = logging.getLogger(__name__)


def _sleepy(kind: type[Any]) -> type[Any]:
    class Sleepy(kind):  # type: ignore[misc]
        run_s: float

        @classmethod
        def load(cls, config: ModelConfig, weights: Weights) -> Self:
            time.sleep(float(config.options.get("load_s", 0.0)))
            made: Self = super().load(config, weights)
            made.run_s = float(config.options.get("run_s", 0.0))
            return made

        def run(self, batch: Sequence[Any]) -> list[Any]:
            if self.run_s:
                logger.info("a batch of %d", len(batch))
                time.sleep(self.run_s)
            answers: list[Any] = super().run(batch)
            return answers

    return Sleepy


KINDS = {task: _sleepy(kind) for task, kind in tiny_models.TINY_MODEL_TYPES.items()}


def _wait_at(gate: Path) -> None:
    gate.with_suffix(".imported").touch()
    while not gate.with_suffix(".go").exists():
        time.sleep(0.01)


if __name__ == "__main__":
    assert sys.argv[1:3] == ["-m", "predictors"], "an image for predictors only"
    if "TINY_GATE" in os.environ:
        _wait_at(Path(os.environ.pop("TINY_GATE")))
    sys.exit(server.main(sys.argv[3:], model_types=lambda name: KINDS[MODEL_TYPE_TASKS[name]]))
