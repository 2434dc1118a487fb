"""What a visit can do: one module per activity, pure; `registry` lists the collections."""
