"""Japanese front end."""
