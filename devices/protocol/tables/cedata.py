"""T4: current registers, credit and alarm word, newest per meter (companion profile 3.3)."""

from devices.protocol.tables.base import CLOCK, CYCLE, MAC, TOTALS, Kind, Table, own

CREDIT = own(30, "credit", Kind.I32)
CURRENCY_CREDIT = own(31, "currency credit", Kind.I32)
LAST_TRANSACTION = own(32, "last transaction", Kind.U64)
FLAGS = own(33, "flags", Kind.U8)
ALARM_WORD = own(11, "alarm word", Kind.U32)

CEDATA = Table(
    4,
    "CEData",
    (
        CYCLE, MAC, CLOCK, *TOTALS,
        CREDIT, CURRENCY_CREDIT, LAST_TRANSACTION, FLAGS, ALARM_WORD,
    ),
)  # fmt: skip
