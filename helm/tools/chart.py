"""The chart as Helm renders it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from binaries import REPOSITORY, binary

CHART = REPOSITORY / "helm" / "harmony-speech"
RELEASE = "harmony-speech"
NAMESPACE = "harmony-speech"
APIS = (
    "serving.kserve.io/v1beta1/InferenceService",
    "serving.knative.dev/v1/Service",
    "keda.sh/v1alpha1/ScaledObject",
)
"""What a cluster with the prerequisites offers; the chart refuses to render without."""
LOCAL_IMAGES = ("--set", "images.local=true")
"""The chart refuses to render without a registry; values files that name one go before this."""

Object = dict[str, Any]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class HelmFailed(Exception):
    """Helm refused; the message is Helm's."""


def helm(*arguments: str) -> str:
    """Run helm. Raises HelmFailed with what it wrote on stderr."""
    return _ran(*arguments).stdout


def helm_output(*arguments: str) -> str:
    """What helm writes on both streams: it reports a push on stderr. Raises HelmFailed."""
    done = _ran(*arguments)
    return done.stderr + done.stdout


def _ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(binary("helm")), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise HelmFailed(done.stderr + done.stdout)
    return done


def render(
    *values: Path,
    sets: Sequence[str] = (),
    apis: Sequence[str] = APIS,
    chart: Path = CHART,
    with_tests: bool = False,
) -> list[Object]:
    """Every object of the chart with these values files, in Helm's order. Raises HelmFailed."""
    text = helm(
        "template",
        RELEASE,
        str(chart),
        "--namespace",
        NAMESPACE,
        *LOCAL_IMAGES,
        *(part for api in apis for part in ("--api-versions", api)),
        *(part for path in values for part in ("--values", str(path))),
        *(part for one in sets for part in ("--set-json" if "=" in one else "--set", one)),
        *(() if with_tests else ("--skip-tests",)),
    )
    return [document for document in yaml.load_all(text, _Loader) if document]
