"""What listeners keep: the raw journal of datagrams, who is dark since when, and outages."""

from listeners.models.journal import Datagram
from listeners.models.outages import (
    Finding,
    Interruption,
    Outage,
    OutageCheck,
    OutageDay,
    OutagePosition,
    OutageState,
    OutageStep,
    StepKind,
    Storm,
)
from listeners.models.power import PowerChange, PowerSource, PowerState

__all__ = [
    "Datagram",
    "Finding",
    "Interruption",
    "Outage",
    "OutageCheck",
    "OutageDay",
    "OutagePosition",
    "OutageState",
    "OutageStep",
    "PowerChange",
    "PowerSource",
    "PowerState",
    "StepKind",
    "Storm",
]
