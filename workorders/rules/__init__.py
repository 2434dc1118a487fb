"""Orders that nobody asked for by name: one module per rule, each off unless a company wants it."""
