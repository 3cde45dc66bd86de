"""The ingress with a fake client behind it, and an HTTP client in front."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fake_client import FakeClient
from fastapi import FastAPI
from ingress_app import browser, make_app


@pytest.fixture
def models() -> FakeClient:
    return FakeClient()


@pytest.fixture
def app(models: FakeClient) -> FastAPI:
    return make_app(models)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as client:
        yield client
