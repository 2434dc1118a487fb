"""Where blocks go: one module per kind of sink."""
