"""Piper voices: VITS in ONNX."""
