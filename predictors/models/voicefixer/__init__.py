"""VoiceFixer: restorer and vocoder."""
