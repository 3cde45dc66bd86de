"""Measurements against the bare libraries: `make bench`. Reads docs/benchmarks.md for results."""
