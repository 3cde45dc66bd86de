"""An ASGI application on a port of its own, in a thread beside the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from served import free_port

from transport.asgi.server_config import server_config
from transport.asgi.settings import ServerSettings


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of the application, while the body runs."""
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off"
    )
    with _running(config) as url:
        yield url


@contextmanager
def serving_limited(
    app: Any, settings: ServerSettings, trusted_proxies: str = "", max_message_mb: int = 0
) -> Iterator[str]:
    """The same with the limits that our programs serve with."""
    config = server_config(
        app,
        settings,
        host="127.0.0.1",
        port=free_port(),
        trusted_proxies=trusted_proxies,
        max_message_mb=max_message_mb,
    )
    with _running(config) as url:
        yield url


@contextmanager
def _running(config: uvicorn.Config) -> Iterator[str]:
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{config.port}"
    finally:
        server.should_exit = True
        thread.join()
