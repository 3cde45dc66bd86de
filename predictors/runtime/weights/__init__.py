"""Where weights come from, and who holds them."""
