"""The Event Hub sink: every line at least once, in order per partition (design D11)."""
