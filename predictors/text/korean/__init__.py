"""Korean front end."""
