"""Whisper on CTranslate2: cutting, decoding in batches, checking the result, times."""
