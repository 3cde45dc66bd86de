"""Chinese front ends."""
