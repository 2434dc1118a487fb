"""Outages in the database: what the pure rules (`listeners.outages`) say is kept, counted, told."""

from listeners.outage_store.looking import look

__all__ = ["look"]
