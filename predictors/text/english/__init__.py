"""English front ends."""
