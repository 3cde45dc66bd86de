"""One file per group of paths: parse, call, answer."""
