"""Model servers: one KServe model per process, chosen by its model type."""
