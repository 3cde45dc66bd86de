"""Architectures: pure torch modules for inference, one a file."""
