"""How it travels: clients, discovery, the KServe server, ASGI middleware."""
