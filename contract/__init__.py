"""What rooms say to each other: tasks, tensors, audio, config, lifecycle, errors, client."""
