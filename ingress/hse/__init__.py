"""Harmony Speech Engine's dialect."""
