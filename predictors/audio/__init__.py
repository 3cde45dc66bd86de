"""Signal processing around the networks: front ends and finishing."""
