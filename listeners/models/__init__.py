"""What listeners keep: the raw journal, what it meant, and who is dark since when."""

from listeners.models.journal import Datagram
from listeners.models.messages import (
    LastConcentratorMessage,
    LastMeterMessage,
    SpontaneousMessage,
    SuspectMessage,
    WakeUp,
)
from listeners.models.power import PowerChange, PowerSource, PowerState
from listeners.models.progress import ListenerCount, ListenerCursor, Verdict
from listeners.models.runs import ListenerRun

__all__ = [
    "Datagram",
    "LastConcentratorMessage",
    "LastMeterMessage",
    "ListenerCount",
    "ListenerCursor",
    "ListenerRun",
    "PowerChange",
    "PowerSource",
    "PowerState",
    "SpontaneousMessage",
    "SuspectMessage",
    "Verdict",
    "WakeUp",
]
