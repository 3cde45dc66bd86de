"""Finding predictors and toolchains while servers run: by a file, or by watching the cluster."""
