"""Model types, one file per family."""
