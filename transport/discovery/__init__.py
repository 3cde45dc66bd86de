"""Finding predictors and toolchains while the doors run: by a file, or by watching the cluster."""
