"""T2: energies of the recording interval, Wh and varh (companion profile 3.3)."""

from devices.protocol import obis
from devices.protocol.selective import CaptureObject
from devices.protocol.tables.base import CLOCK, CYCLE, MAC, PERIOD, STATUS, Column, Kind, Table


def _energy(c: int, label: str) -> Column:
    return Column(label, CaptureObject(3, obis.parse(f"1.0.{c}.29.0"), 2), Kind.U32)


CHANNELS = (
    _energy(1, "active forward"),
    _energy(5, "reactive forward inductive"),
    _energy(2, "active reverse"),
    _energy(7, "reactive reverse inductive"),
    _energy(8, "reactive reverse capacitive"),
    _energy(6, "reactive forward capacitive"),
)

LOAD_PROFILE = Table(2, "load profile", (CYCLE, MAC, PERIOD, CLOCK, STATUS, *CHANNELS))
