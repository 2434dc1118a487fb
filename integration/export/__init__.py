"""The only writer of what leaves: sinks that read export blocks in order (design D11, 8)."""
