"""OpenVoice and MeloTTS: VITS and its tone converter."""
