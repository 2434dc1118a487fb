"""T10: the meters a concentrator serves and what it collects of each, a snapshot: mailbox order 1
without its job, and the state (companion profile 3.3, 3.4)."""

from devices.protocol.tables.base import PLAIN_MAC, Kind, Table, own
from devices.protocol.tables.node_list import PHASE, ROW, SERIAL, STATE

CLOSURE_MASK = own(15, "closure mask", Kind.U8)
PROFILE_MASK = own(16, "profile mask", Kind.U8)
PROFILE_PERIOD = own(3, "profile period", Kind.U8)
FLAGS = own(17, "flags", Kind.U8)
MEASURAND_LIST = own(18, "measurands", Kind.ARRAY)

METER_ENTRIES = Table(
    10,
    "meter entries",
    (
        PLAIN_MAC, SERIAL, PHASE, ROW, CLOSURE_MASK, PROFILE_MASK, PROFILE_PERIOD, FLAGS,
        MEASURAND_LIST, STATE,
    ),
)  # fmt: skip
