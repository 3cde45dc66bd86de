"""Values as V2 tensors and parameters, and as V1 instances."""
