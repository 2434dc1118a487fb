"""What listeners keep: the raw journal of datagrams, and who is dark since when."""

from listeners.models.journal import Datagram
from listeners.models.power import PowerChange, PowerSource, PowerState
from listeners.models.runs import ListenerRun

__all__ = ["Datagram", "ListenerRun", "PowerChange", "PowerSource", "PowerState"]
