"""Devices that speak first: last gasps, wake-ups, pushes, and the outages they tell of."""
