"""DataNotification (IEC 62056-5-3): a device tells by itself what its push setup lists."""

from dataclasses import dataclass

from devices.protocol.apdu.names import DATA_NOTIFICATION
from devices.protocol.axdr import Data, encode, octets
from devices.protocol.cursor import Cursor

UNCONFIRMED = 0
"""Long invoke id and priority: id 0, unconfirmed, normal priority."""


@dataclass(frozen=True, slots=True)
class DataNotification:
    """`time` is a date-time of 12 bytes or empty; nobody answers."""

    body: Data
    time: bytes = b""
    invoke: int = UNCONFIRMED

    def encode(self) -> bytes:
        head = bytes((DATA_NOTIFICATION,)) + self.invoke.to_bytes(4, "big")
        return head + octets(self.time) + encode(self.body)


def decode_data_notification(apdu: bytes) -> DataNotification:
    """The inverse of `DataNotification.encode`."""
    cursor = Cursor(apdu, "data-notification")
    if (tag := cursor.u8()) != DATA_NOTIFICATION:
        raise cursor.wrong(f"tag {tag:02X} instead of {DATA_NOTIFICATION:02X}")
    invoke, time = cursor.u32(), cursor.octets()
    if len(time) not in (0, 12):
        raise cursor.wrong(f"date-time of {len(time)} bytes")
    body = cursor.value()
    cursor.end()
    return DataNotification(body, time, invoke)
