"""Outages in the database: what the pure rules (`listeners.outages`) say is kept, counted, told."""

from listeners.outage_store.answers import hear
from listeners.outage_store.checks import ask
from listeners.outage_store.figures import refresh
from listeners.outage_store.findings import take
from listeners.outage_store.looking import look

__all__ = ["ask", "hear", "look", "refresh", "take"]
