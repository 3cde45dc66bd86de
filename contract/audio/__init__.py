"""Audio: decode, encode, WAV."""
