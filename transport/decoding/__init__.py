"""Untrusted audio, decoded in processes that may crash, hang or grow without harming the server."""
