"""What runs a model: registry, instances, scheduler, memory, weights."""
