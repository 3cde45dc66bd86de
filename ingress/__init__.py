"""The public HTTP server: OpenAI and HSE dialects over HTTP. Start reading at app.py."""
