"""What can be ordered: one module per activity, pure; `registry` lists them."""
