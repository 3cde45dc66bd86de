"""Where the catalog comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DiscoverySettings(BaseSettings):
    """Environment variables SPEECH_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="SPEECH_", frozen=True, extra="ignore")

    discovery: Literal["file", "kubernetes"] = "file"
    """file: the configuration file, read again when it changes. kubernetes: the InferenceServices
    of a namespace; the file then gives aliases, and the models until the cluster has answered."""
    namespace: str | None = Field(default=None, min_length=1)
    """Where InferenceServices are watched. Absent: where this pod runs, or the kubeconfig's."""
    kubeconfig: Path | None = None
    """Credentials outside a cluster. Absent: the pod's service account, else KUBECONFIG."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the sources are asked. Constants of the program; tests are in more of a hurry."""

    poll_s: float = 5.0
    """Between two looks at the file. The kubelet takes up to a minute to renew a mount anyway."""
    watch_s: int = 60
    """Life of one watch. Short, because a connection that died silently is noticed at its end."""
    connect_s: float = 5.0
    answer_s: float = 15.0
    """Most time for a list, and for a watch to end after its life."""
    retry_s: float = 0.5
    """Wait after the first error; doubles, with jitter."""
    max_retry_s: float = 30.0
    steady_s: float = 10.0
    """A watch that lived so long was healthy: the next error counts as the first."""
