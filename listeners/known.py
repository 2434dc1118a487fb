"""A message that is believed, with all that the inventory adds to it."""

from typing import NamedTuple

from devices.protocol.spontaneous import Kind, Message
from listeners.arrivals import Arrived
from listeners.senders import Sender
from listeners.stamps import Stamp

Key = tuple[int, int, Kind, int]


class Known(NamedTuple):
    """What came, what it says, who said it and when it happened."""

    arrived: Arrived
    message: Message
    sender: Sender
    stamp: Stamp

    @property
    def concentrator_id(self) -> int | None:
        """Who told."""
        return self.sender.concentrator and self.sender.concentrator.id

    @property
    def meter_id(self) -> int | None:
        """Of whom, if not of itself."""
        return self.sender.meter and self.sender.meter.id

    @property
    def same(self) -> Key:
        """What makes two messages one event: serial, device time, type and state, meter."""
        return (self.concentrator_id or 0, self.stamp.local, self.message.kind, self.meter_id or 0)
