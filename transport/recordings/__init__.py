"""Long recordings as several requests: used by the ingress and by the toolchain alike."""
