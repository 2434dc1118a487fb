"""What we ask of devices, when, and what came of it."""
