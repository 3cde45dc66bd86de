"""Text front ends: pure text to symbols, one language a file. No torch here."""
