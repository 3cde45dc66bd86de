"""What networks of several families share."""
