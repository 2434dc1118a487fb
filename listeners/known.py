"""A message that is believed, with all that the inventory adds to it."""

from typing import NamedTuple

from devices.protocol.spontaneous import Kind, Message
from listeners.arrivals import Arrived
from listeners.senders import Sender
from listeners.stamps import Stamp

Key = tuple[int, int, Kind, int]


class Known(NamedTuple):
    """What came, what it says, who said it and when it happened.

    `concentrator_id` is who told, `meter_id` of whom, if not of itself.
    """

    arrived: Arrived
    message: Message
    sender: Sender
    stamp: Stamp
    concentrator_id: int | None
    meter_id: int | None

    @classmethod
    def of(cls, arrived: Arrived, message: Message, sender: Sender, stamp: Stamp) -> "Known":
        """With the ids of its sender."""
        concentrator, meter = sender
        told_by, about = concentrator and concentrator.id, meter and meter.id
        return cls(arrived, message, sender, stamp, told_by, about)

    @property
    def same(self) -> Key:
        """What makes two messages one event: serial, device time, type and state, meter."""
        return (self.concentrator_id or 0, self.stamp.local, self.message.kind, self.meter_id or 0)
