"""Spanish front end."""
