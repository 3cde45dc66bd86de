"""KittenTTS: small StyleTTS 2 voices in ONNX."""
