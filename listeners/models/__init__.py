"""What listeners keep: the raw journal, what it meant, who is dark since when, and outages."""

from listeners.models.journal import Datagram
from listeners.models.messages import (
    LastConcentratorMessage,
    LastMeterMessage,
    SpontaneousMessage,
    SuspectMessage,
    WakeUp,
)
from listeners.models.outages import (
    Finding,
    Interruption,
    Outage,
    OutageCheck,
    OutageDay,
    OutageState,
    OutageStep,
    StepKind,
    Storm,
)
from listeners.models.power import ConcentratorPower, MeterPower, PowerChange, PowerSource
from listeners.models.progress import ListenerCount, ListenerCursor, Verdict
from listeners.models.runs import ListenerRun

__all__ = [
    "ConcentratorPower",
    "Datagram",
    "Finding",
    "Interruption",
    "LastConcentratorMessage",
    "LastMeterMessage",
    "ListenerCount",
    "ListenerCursor",
    "ListenerRun",
    "MeterPower",
    "Outage",
    "OutageCheck",
    "OutageDay",
    "OutageState",
    "OutageStep",
    "PowerChange",
    "PowerSource",
    "SpontaneousMessage",
    "StepKind",
    "Storm",
    "SuspectMessage",
    "Verdict",
    "WakeUp",
]
