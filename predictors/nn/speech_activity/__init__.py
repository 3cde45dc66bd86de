"""Finding speech: a network that rates windows, and rules that make segments of the ratings."""
