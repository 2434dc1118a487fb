"""Outages in the database: what the pure rules (`listeners.outages`) say is kept, counted, told."""

from listeners.outage_store import answers, checks, figures, findings
from listeners.outage_store.looking import look
from listeners.outage_store.pace import Paced

__all__ = ["answer", "ask", "count_days", "look", "take_findings"]

# Duties of `hes listen`, in the order in which one serves the next.
answer = Paced(10, answers.hear)
take_findings = Paced(5, findings.take)
ask = Paced(15, checks.ask)
count_days = Paced(60, figures.refresh)
