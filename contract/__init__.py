"""What rooms say to each other: tasks, audio, config, lifecycle, errors, in V2 and in V1."""
