"""What rooms say to each other: tasks, audio, config, lifecycle, errors."""
