"""The one door through which raw bytes become meaning; pure, and nothing it is given raises.

Two families of bytes come to the listeners' ports, and their first two bytes tell them apart: the
datagrams of `devices.protocol.spontaneous` (LG profile 1), and pushes in the DLMS wrapper.
"""

from devices.protocol import pushes, spontaneous
from devices.protocol.pushes import Sealed
from devices.protocol.spontaneous import Message, Unparsed


def decode(raw: bytes, size: int | None = None) -> Message | Sealed | Unparsed:
    """What `raw` says; `size` counts the bytes that came, of which the journal keeps 2 KiB."""
    if size is not None and size > len(raw):
        return Unparsed("too long")
    if raw[:2] == pushes.START:
        return pushes.decode(raw)
    return spontaneous.decode(raw)
