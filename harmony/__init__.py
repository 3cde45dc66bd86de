"""The `harmony` command: every room in one process, and what an operator checks and fetches."""
