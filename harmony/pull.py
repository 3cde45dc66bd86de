"""Fetch the weights of a configuration and prove that they work.

Hub files come through huggingface_hub, which shows progress, resumes what was broken off and keeps
its cache. What arrived is verified in the one way that counts: the model is loaded and answers its
warm-up request.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from contract.config import ModelConfig, ServiceConfig
from contract.errors import SpeechError
from predictors.runtime.registry import on_first_use
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings


async def pull_all(config: ServiceConfig, say: Callable[[str], None]) -> bool:
    """Fetch and verify every entry in turn; one that fails does not stop the rest."""
    outcomes = [await _pull(entry, say) for entry in config.model_configs]
    say(f"{sum(outcomes)} of {len(outcomes)} models are here and answer")
    return all(outcomes)


async def _pull(entry: ModelConfig, say: Callable[[str], None]) -> bool:
    say(f"{entry.name}: {entry.model}")
    started_s = time.monotonic()
    repository = ModelRepository(Settings())
    try:
        await repository.add(entry, on_first_use(entry.model_type)).ensure_loaded()
    except SpeechError as exc:
        say(f"{entry.name}: failed: {exc.message}")
        return False
    finally:
        await repository.aclose()
    say(f"{entry.name}: ready in {time.monotonic() - started_s:.1f} s")
    return True
