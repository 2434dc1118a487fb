"""T8: what autodiscovery found, a snapshot (companion profile 3.3)."""

from devices.protocol.tables.base import PLAIN_MAC, Kind, Table, own

SERIAL = own(12, "serial", Kind.OCTETS)
APP_VERSION = own(13, "app version", Kind.OCTETS)
PHASE = own(8, "phase", Kind.U8)
ROW = own(7, "row", Kind.U16)
QUALITY = own(14, "quality", Kind.U8)
DISCOVERED = own(46, "discovered", Kind.OCTETS)
LAST_CONTACT = own(47, "last contact", Kind.OCTETS)
STATE = own(48, "state", Kind.U8)
CONCENTRATOR = own(49, "associated concentrator", Kind.OCTETS)

NODE_LIST = Table(
    8,
    "node list",
    (
        PLAIN_MAC, SERIAL, APP_VERSION, PHASE, ROW, QUALITY,
        DISCOVERED, LAST_CONTACT, STATE, CONCENTRATOR,
    ),
)  # fmt: skip
