"""How a room that calls others is set up: addresses, retries, breaker, cache, middleware."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Annotated, Any

import httpx
from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from contract.catalog import Catalog
from contract.config import InvalidConfig
from contract.errors import shown
from contract.toolchains import TOOLCHAINS
from transport.client.cache import MemoryStore, RedisStore, Store
from transport.client.circuit import CircuitPolicy
from transport.client.client import Client
from transport.client.http import HttpClient
from transport.client.resilience import Middleware, ResiliencePolicy, ResilientClient

_MAX_CONNECTIONS = 256


def _from_json(value: Any) -> Any:
    """pydantic-settings' own decoding ends in an error that names no variable."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("must be JSON") from None


_Json = (NoDecode, BeforeValidator(_from_json))


class ConnectionSettings(BaseSettings):
    """Environment variables SPEECH_<FIELD>; command-line flags of the rooms override them."""

    model_config = SettingsConfigDict(env_prefix="SPEECH_", frozen=True)

    predictor_urls: Annotated[dict[str, str], *_Json] = {}
    """Address of single predictors or toolchains by name, as JSON; wins over everything else."""
    predictor_url_template: str = "http://{name}-predictor"
    """Address of every other predictor that was not discovered; `{name}` is its name."""
    toolchain_url_template: str = "http://{name}-transformer"
    """Address of a toolchain; `{name}` is its name in kebab case."""
    attempts: int = Field(default=5, ge=1, le=10)
    """Most calls of a predictor that cannot be reached or is not ready, the first included."""
    breaker_threshold: int = Field(default=5, ge=1)
    """Requests in a row that a predictor leaves without any answer before its circuit opens."""
    breaker_ttl_s: float = Field(default=30.0, gt=0)
    """Longest time in seconds for which an open circuit refuses; readiness closes it earlier."""
    cache_mb: int = Field(default=256, ge=0)
    """Memory for cached embeddings, segments and speech; 0 turns the cache off."""
    cache_ttl_s: float = Field(default=3600.0, gt=0)
    """Seconds for which an answer is kept."""
    cache_shared: bool = False
    """Give one API key's kept answers to another too; a caller then learns what others asked."""
    redis_url: str | None = None
    """Keep the cache in this Redis, shared by all pods, instead of in memory."""
    middleware: Annotated[tuple[str, ...], *_Json] = ()
    """Classes `module:Class` around every call: a JSON list (transport.client.resilience)."""

    @field_validator("predictor_url_template", "toolchain_url_template")
    @classmethod
    def _takes_a_name(cls, value: str) -> str:
        try:
            value.format(name="x")
        except (LookupError, ValueError, AttributeError):
            raise ValueError("may hold {name} and no other braces") from None
        return value


class HttpConnection:
    """A resilient client over HTTP; leaving the context closes its connections."""

    def __init__(self, settings: ConnectionSettings, catalog: Catalog) -> None:
        limits = httpx.Limits(max_connections=_MAX_CONNECTIONS)
        self._http = httpx.AsyncClient(limits=limits, trust_env=False)
        self._store = store(settings)
        transport = HttpClient(address_of(settings, catalog), self._http)
        self.client = resilient(transport, catalog, settings, self._store)

    async def __aenter__(self) -> Client:
        return self.client

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self._http.aclose()
        if self._store is not None:
            await self._store.aclose()


def address_of(settings: ConnectionSettings, catalog: Catalog) -> Callable[[str], str]:
    """Where a name is served: as set by hand, as discovered, or as the name implies.

    Toolchain names become kebab case, as Kubernetes wants them.
    """

    def address(name: str) -> str:
        if name in settings.predictor_urls:
            return settings.predictor_urls[name].rstrip("/")
        if name in catalog.current.addresses:
            return catalog.current.addresses[name]
        if name in TOOLCHAINS:
            return settings.toolchain_url_template.format(name=name.replace("_", "-"))
        return settings.predictor_url_template.format(name=name)

    return address


def store(settings: ConnectionSettings) -> Store | None:
    """The result cache that the settings ask for. Raises InvalidConfig without the redis extra."""
    if settings.redis_url is None:
        max_bytes = settings.cache_mb << 20
        return MemoryStore(max_bytes, settings.cache_ttl_s) if max_bytes else None
    try:
        from redis.asyncio import Redis
    except ImportError as exc:
        raise InvalidConfig("SPEECH_REDIS_URL needs the extra harmony-speech[redis]") from exc
    try:
        redis = Redis.from_url(settings.redis_url)
    except ValueError as exc:
        raise InvalidConfig("SPEECH_REDIS_URL must look like redis://host:6379/0") from exc
    return RedisStore(redis, settings.cache_ttl_s)


def resilient(
    transport: Client, catalog: Catalog, settings: ConnectionSettings, kept: Store | None
) -> ResilientClient:
    policy = ResiliencePolicy(
        attempts=settings.attempts,
        circuit=CircuitPolicy(settings.breaker_threshold, settings.breaker_ttl_s),
    )
    return ResilientClient(
        transport,
        lambda: catalog.current,
        policy=policy,
        store=kept,
        is_cache_shared=settings.cache_shared,
        middleware=[_middleware(name) for name in settings.middleware],
    )


def _middleware(name: str) -> Middleware:
    module, _, attribute = name.partition(":")
    try:
        layer: Middleware = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError, TypeError) as exc:
        raise InvalidConfig(
            f"SPEECH_MIDDLEWARE: {shown(name)!r} cannot be imported, or takes arguments; write "
            "module:Class"
        ) from exc
    return layer
