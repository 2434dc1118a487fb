"""T7: alarm words read with closures and profiles, meter events, ended interruptions
(companion profile 3.3)."""

from devices.protocol.tables.base import CYCLE, MAC, PLAIN_CLOCK, Kind, Table, own

SOURCE = own(9, "source", Kind.U8)
CODE = own(10, "code", Kind.U16)
WORD = own(11, "word", Kind.U32)

EVENTS = Table(7, "status words and events", (CYCLE, MAC, PLAIN_CLOCK, SOURCE, CODE, WORD))
