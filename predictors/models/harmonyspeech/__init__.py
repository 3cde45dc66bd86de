"""Harmony Speech: speaker encoder, synthesizer, vocoder."""
