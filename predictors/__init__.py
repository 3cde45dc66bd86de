"""Model servers: one KServe predictor per model type."""
