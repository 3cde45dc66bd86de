"""The page at `/` and the API reference at `/docs`: files of ours, and none of another host."""
