"""What leaves: the lines, the ledger of what has left, the blocks that carry them (design 8)."""
