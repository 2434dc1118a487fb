"""Single objects that a visit reads and writes (companion profile 3.1, 4)."""

from dataclasses import dataclass

from devices.drivers.base import Identity, TableState
from devices.drivers.cosem.tables import DUTIES
from devices.drivers.cosem.text import text
from devices.protocol import expect
from devices.protocol.axdr import Data
from devices.protocol.objects import CLOCK, Clock, DataObject

SERIAL = DataObject.at("0.0.96.1.0").attribute(DataObject.VALUE)
MAC = DataObject.at("0.0.96.1.1").attribute(DataObject.VALUE)
FIRMWARE = DataObject.at("1.0.0.2.0").attribute(DataObject.VALUE)
SOFTWARE_VERSION = DataObject.at("0.0.0.2.0").attribute(DataObject.VALUE)
SOFTWARE_NUMBER = DataObject.at("0.0.96.50.0").attribute(DataObject.VALUE)
TABLE_STATE = DataObject.at("0.0.96.52.0").attribute(DataObject.VALUE)
GATEWAY_RESULT = DataObject.at("0.0.96.59.0").attribute(DataObject.VALUE)
STATUS_WORD = DataObject.at("0.0.96.5.0").attribute(DataObject.VALUE)
DST_TABLE = DataObject.at("0.0.96.57.0").attribute(DataObject.VALUE)
CONTRACT_POWER = DataObject.at("0.0.96.60.0").attribute(DataObject.VALUE)
ORDER_TAG = DataObject.at("0.0.96.60.1").attribute(DataObject.VALUE)
ALARM_WORD = DataObject.at("0.0.97.98.0").attribute(DataObject.VALUE)
ERROR_OBJECT = DataObject.at("0.0.97.97.0").attribute(DataObject.VALUE)
JOBS = DataObject.at("0.0.96.55.0").attribute(DataObject.VALUE)
MUTUAL_AUTHENTICATION = DataObject.at("0.0.96.56.0").attribute(DataObject.VALUE)
SPONTANEOUS = DataObject.at("0.0.96.58.0").attribute(DataObject.VALUE)
IDENTITY = SERIAL, SOFTWARE_NUMBER, TABLE_STATE
"""What the first GET of every visit asks for."""
TIME = CLOCK.attribute(Clock.TIME)
NOT_DELIVERED = 0


def identity(serial: Data, software_number: Data, states: Data) -> Identity:
    """What the first GET of a visit answered; tables beyond our duties are left out."""
    rows = [_table_state(state) for state in expect.array(states, "table state")]
    return Identity(
        serial_number=text(expect.octets(serial, "serial number")),
        software_number=expect.integer(software_number, "software number"),
        tables={state.table: state for state in rows if state is not None},
    )


def commissioned_identity(serial: Data) -> Identity:
    """All that a commissioning client may read of it."""
    return Identity(text(expect.octets(serial, "serial number")), software_number=0, tables={})


def _table_state(value: Data) -> TableState | None:
    number, cycle, oldest, _, _, _, rows, running = expect.structure(value, "table state", 8)
    table = DUTIES.get(expect.integer(number, "table number"))
    if table is None:
        return None
    return TableState(
        table=table,
        finished=expect.integer(cycle, "finished cycle"),
        oldest=expect.integer(oldest, "oldest cycle"),
        rows=expect.integer(rows, "table rows"),
        running=expect.boolean(running, "cycle running"),
    )


@dataclass(frozen=True, slots=True)
class GatewayResult:
    """Why a meter was silent; `delivered` False: the request surely never reached it."""

    code: int
    delivered: bool


def gateway_result(value: Data, mac: bytes) -> GatewayResult | None:
    """The last prefixed request's end, None if it was for another meter."""
    asked, code, _, delivered, _ = expect.structure(value, "gateway result", 5)
    if expect.octets(asked, "gateway result MAC", 6) != mac:
        return None
    was_delivered = expect.integer(delivered, "gateway result delivered") != NOT_DELIVERED
    return GatewayResult(expect.integer(code, "gateway result code"), was_delivered)
