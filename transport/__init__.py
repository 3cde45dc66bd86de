"""How it travels: V2 and V1, clients, discovery, the KServe server, ASGI middleware."""
