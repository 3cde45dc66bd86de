"""Piper voices: text to phoneme ids, and the network that speaks them."""
