"""What several files ask for: the toolchains' processes, started once, and a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from chromium import chromium_hearing
from hse_requests import CLONERS, embedding, recording
from playwright.sync_api import Browser
from served import ROOT
from spoiled_models import spoiled_entries
from toolchain_pods import Pods, started


@pytest.fixture(scope="session")
def pods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pods]:
    """Four toolchains and their predictors; beside them, unlisted, predictors of bad weights."""
    folder = tmp_path_factory.mktemp("toolchains")
    with started(folder, spoiled_entries(folder / "spoiled")) as running:
        yield running


@pytest.fixture
async def api(pods: Pods) -> AsyncIterator[httpx.AsyncClient]:
    """The public API before them, which keeps no answers."""
    async with pods.ingress() as http:
        yield http


@pytest.fixture(scope="session")
def voices(pods: Pods) -> dict[str, str]:
    """By toolchain, base64 of the voice of `recording()`."""

    async def embed_all() -> dict[str, str]:
        async with pods.ingress() as http:
            return {model: await embedding(http, model, recording()) for model in CLONERS}

    return asyncio.run(embed_all())


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """On a busy machine the page may listen long after the microphone began: it goes on."""
    folder = tmp_path_factory.mktemp("microphone")
    with chromium_hearing(ROOT / "tests/data/jfk.flac", folder, is_repeated=True) as started:
        yield started
