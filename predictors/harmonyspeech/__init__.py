"""Harmony Speech V1 at work: from files to networks, from requests to padded batches and back."""
