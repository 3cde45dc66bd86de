"""How it travels: clients, discovery, the KServe server, ASGI middleware."""

import sys

# httpx does without its command line, and the libraries that draw it, where that cannot be imported
# (encode/httpx, httpx/__init__.py): 50 ms of every start.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
