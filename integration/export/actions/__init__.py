"""What `hes export` can do: one module per action."""
