"""French front end."""
