"""Kokoro-82M: StyleTTS 2 in ONNX."""
