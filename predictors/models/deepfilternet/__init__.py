"""DeepFilterNet: noise taken out of speech at 48 kHz."""
