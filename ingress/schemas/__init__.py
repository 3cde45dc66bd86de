"""Public bodies, one file per dialect."""
