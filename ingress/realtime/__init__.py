"""The realtime transcription socket of OpenAI's API. READ session.py FIRST."""
