"""Mono audio, and WAV: how it travels between rooms."""
