"""How rooms call each other: HTTP or in process, resilience, cache."""
