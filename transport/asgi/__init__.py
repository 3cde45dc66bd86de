"""Middleware that every HTTP server of ours uses."""
