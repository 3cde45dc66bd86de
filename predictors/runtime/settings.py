"""What an operator may set, by environment variables with the prefix SPEECH_."""

from __future__ import annotations

from pydantic import Field

from transport.kserve.settings import ServingSettings


class Settings(ServingSettings):
    """Built once in main and handed down. SPEECH_MAX_QUEUE=128 sets `max_queue`, and so on."""

    max_queue: int = Field(default=64, ge=1, le=10_000)
    """Requests that may wait for one model; more are refused with 429 and Retry-After."""
    max_queue_mb: int = Field(default=1024, ge=1)
    """Megabytes of requests in one model, waiting or at work; more are refused with 429. A larger
    request is taken when no other is there."""
    prepare_threads: int = Field(default=0, ge=0, le=64)
    """Threads of a model for what comes before and after the device; 0: one per core, at most 4."""
    ageing_s: float = Field(default=10.0, ge=0)
    """How much later than it came a batch request ranks among interactive ones."""
    memory_budget_mb: int | None = Field(default=None, ge=64)
    """Replaces the configuration's memory_budget_mb."""
    load_at_start: bool = True
    """Load every model when the server starts; otherwise each on its first request."""
    load_retry_s: float = Field(default=30.0, gt=0)
    """Pause after a failed load, in which requests are refused, before the next attempt."""
    stall_s: float = Field(default=900.0, gt=0)
    """A forward pass longer than this is given up and the model is loaded anew."""
