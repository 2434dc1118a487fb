"""Event kinds: the identity of what happened. The CIM code is only how it is rendered.

Codes are not unique (design D22), so nothing is ever looked up by code.
Source: `codes/end_device_event_types.csv`.
"""

from dataclasses import dataclass
from enum import StrEnum

from hes.domain.catalogue import rows


class EventKind(StrEnum):
    """What happened to a device. Values are stored; never renumber or reuse one."""

    METER_UNREACHABLE = "meter_unreachable"
    METER_REACHABLE = "meter_reachable"
    CONCENTRATOR_UNREACHABLE = "concentrator_unreachable"
    CONCENTRATOR_REACHABLE = "concentrator_reachable"
    METER_COMMISSIONED = "meter_commissioned"
    METER_DECOMMISSIONED = "meter_decommissioned"
    METER_ASSOCIATED = "meter_associated"
    METER_DISASSOCIATED = "meter_disassociated"
    CONCENTRATOR_DARK = "concentrator_dark"  # by its last gasp
    CONCENTRATOR_LIT = "concentrator_lit"
    METER_LOST = "meter_lost"  # as its concentrator or its own last gasp says
    METER_BACK = "meter_back"
    METER_ALARM = "meter_alarm"  # the alarm's own row of codes/meter_alarms.csv says which
    CLOCK_STEPPED = "clock_stepped"  # for screens; no document prints a code, so none is exported
    CLOCK_DRIFT_REFUSED = "clock_drift_refused"
    TABLE_RESTARTED = "table_restarted"
    DEVICE_LOCKED = "device_locked"
    WRONG_CONCENTRATOR = "wrong_concentrator"  # another serial answers at the address
    CLOSURE_MISMATCH = "closure_mismatch"
    METER_LOGGED = "meter_logged"  # an entry of the meter's own event log
    LINES_REFUSED = "lines_refused"  # a name that would tear a line; nothing of it was exported
    NODES_REFUSED = "nodes_refused"  # rows of the node list with names that no line can hold


@dataclass(frozen=True, slots=True)
class Rendering:
    """How an event kind is written into LPE lines and onto the stream."""

    code: str
    text: str


_CSV_TEXT = {
    EventKind.METER_UNREACHABLE: "Meter Unreachable",
    EventKind.METER_REACHABLE: "Meter Reachable",
    EventKind.CONCENTRATOR_UNREACHABLE: "Concentrator Unreachable",
    EventKind.CONCENTRATOR_REACHABLE: "Concentrator Reachable",
    EventKind.METER_COMMISSIONED: "Meter Commissioned",
    EventKind.METER_DECOMMISSIONED: "Meter Decommissioned",
    EventKind.METER_ASSOCIATED: "Meter Associated",
    EventKind.METER_DISASSOCIATED: "Meter Disassociated",
    EventKind.CONCENTRATOR_DARK: "LVC_POWER_OFF",
    EventKind.CONCENTRATOR_LIT: "LVC_POWER_ON",
    EventKind.METER_LOST: "METER_REACHABILITY_KO",
    EventKind.METER_BACK: "METER_REACHABILITY_OK",
}
LAST_GASPS = frozenset(
    {
        EventKind.CONCENTRATOR_DARK,
        EventKind.CONCENTRATOR_LIT,
        EventKind.METER_LOST,
        EventKind.METER_BACK,
    }
)
"""What devices told by themselves (000 3.3)."""


def _rendering(text: str) -> Rendering:
    row = next(row for row in rows("end_device_event_types") if row["csv_description"] == text)
    return Rendering(row["code"], text)


RENDERED: dict[EventKind, Rendering] = {kind: _rendering(text) for kind, text in _CSV_TEXT.items()}
