"""The public door: OpenAI and HSE dialects over HTTP. Start reading at app.py."""
