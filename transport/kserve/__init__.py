"""The KServe server: the only code that imports its SDK."""
