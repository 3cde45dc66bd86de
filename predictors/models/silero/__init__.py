"""Silero voice activity detection."""
