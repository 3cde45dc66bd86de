"""VITS checkpoints at work: from files to networks, from requests to padded batches and back."""
