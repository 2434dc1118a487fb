"""The associations file (001 2, "Upload associations file"): which concentrator collects a meter.

Only initialised concentrators take meters, only installed meters are taken, and concentrators of
software number 22 take only meters they discovered. Columns are ours, the documents print none.
"""

from devices.choices import ConcentratorState, MeterState, Phase, ProcessState
from devices.events import Event, announce
from devices.imports.columns import Column, optional, serial
from devices.imports.report import Counts, Operation
from devices.imports.staging import Reference, Run
from devices.imports.template import Template
from hes.domain.errors import BadValue
from hes.domain.events import EventKind

DISCOVERED_ONLY = 22
MOST_METERS = 32_767
_PHASES = {"": Phase.UNKNOWN, "R": Phase.R, "S": Phase.S, "T": Phase.T, "ALL": Phase.ALL}


def phase(text: str) -> int:
    """A phase: empty, R, S, T, ALL, `Phase R` or the number 0 to 4."""
    value = text.strip().upper().removeprefix("PHASE ")
    if value in _PHASES:
        return _PHASES[value].value
    if value in {str(number.value) for number in Phase}:
        return int(value)
    raise BadValue("is not a phase", "write R, S, T, ALL or nothing")


def row_number(text: str) -> int:
    """The meter's row in the concentrator's table."""
    value = text.strip()
    if not (value.isascii() and value.isdecimal() and 0 < len(value) < 6):
        raise BadValue("is not a row number", "write a whole number or nothing")
    if int(value) > MOST_METERS:
        raise BadValue(f"is above {MOST_METERS}", "check the number")
    return int(value)


class Associations(Template):
    number, name = "8", "associations"
    columns = (
        serial("concentratorserialnumber"),
        serial("serialnumber"),
        Column("phase", phase, "int"),
        Column("row", optional(row_number), "int", name="row_number"),
    )
    unique = ("serialnumber",)
    identity = ("concentratorserialnumber", "serialnumber")
    export_sql = """
        SELECT c.serial_number, m.serial_number, a.phase, a.row
        FROM association a JOIN concentrator c ON c.id = a.concentrator_id
        JOIN meter m ON m.id = a.meter_id
        WHERE m.company_id = %(company)s AND upper_inf(a.validity)
        ORDER BY c.serial_number, m.serial_number
    """

    def references(self, operation: Operation) -> tuple[Reference, ...]:
        return (
            Reference("concentratorserialnumber", "concentrator", "serial_number",
                      "concentrator_id", "concentrator", "import it by template 6 first"),
            Reference("serialnumber", "meter", "serial_number", "meter_id", "meter",
                      "import it by template 2 first"),
        )  # fmt: skip

    def check(self, run: Run) -> None:
        if run.operation is Operation.CREATE:
            self._check_concentrators(run)
            self._check_meters(run)
        else:
            self._refuse_other_concentrators(run)
        if run.operation is Operation.DELETE:
            self._check_release(run)

    def _check_concentrators(self, run: Run) -> None:
        run.refuse(
            self.column("concentratorserialnumber"),
            "'is ' || c.state",
            "only initialised concentrators take meters",
            "JOIN concentrator c ON c.id = s.concentrator_id"
            f" AND c.state <> '{ConcentratorState.INITIALISED}'",
            once=True,
        )
        run.refuse(
            self.column("serialnumber"),
            "'was not discovered by ' || c.serial_number",
            f"software {DISCOVERED_ONLY} takes only meters it discovered; run its autodiscovery",
            "JOIN concentrator c ON c.id = s.concentrator_id"
            f" AND c.software_number = {DISCOVERED_ONLY} JOIN meter m ON m.id = s.meter_id"
            " WHERE NOT EXISTS (SELECT FROM discovered_node n WHERE n.concentrator_id = c.id"
            " AND n.mac_address = m.mac_address)",
        )

    def _check_meters(self, run: Run) -> None:
        run.refuse(
            self.column("serialnumber"),
            "'is associated with ' || c.serial_number",
            "delete that association first",
            "JOIN association a ON a.meter_id = s.meter_id"
            " AND a.validity && tstzrange(%(at)s, NULL)"
            " JOIN concentrator c ON c.id = a.concentrator_id",
        )
        run.refuse(
            self.column("serialnumber"),
            "'is ' || m.state || coalesce(', ' || nullif(m.process_state, ''), '')",
            "link it to a POD by template 3 first",
            "JOIN meter m ON m.id = s.meter_id AND (m.state, m.process_state)"
            f" <> ('{MeterState.INSTALLED}', '{ProcessState.TO_ASSOCIATE}')"
            " WHERE NOT EXISTS (SELECT FROM association a WHERE a.meter_id = s.meter_id"
            " AND a.validity && tstzrange(%(at)s, NULL))",
        )

    def _refuse_other_concentrators(self, run: Run) -> None:
        run.refuse(
            self.column("serialnumber"),
            "'is not associated with this concentrator'",
            "check the row; to move a meter delete its association and create the new one",
            "WHERE s.meter_id IS NOT NULL AND s.concentrator_id IS NOT NULL AND NOT EXISTS"
            " (SELECT FROM association a WHERE a.meter_id = s.meter_id"
            " AND a.concentrator_id = s.concentrator_id AND upper_inf(a.validity))",
        )

    def _check_release(self, run: Run) -> None:
        run.refuse(
            self.column("serialnumber"),
            "'is commissioned'",
            "decommission it first",
            f"JOIN meter m ON m.id = s.meter_id AND m.state = '{MeterState.COMMISSIONED}'",
        )
        run.refuse(
            self.column("serialnumber"),
            "'has an association that begins later'",
            "give a later instant",
            "JOIN association a ON a.meter_id = s.meter_id AND upper_inf(a.validity)"
            " AND lower(a.validity) >= %(at)s",
        )

    def write(self, run: Run) -> Counts:
        if run.operation is Operation.CHANGE:
            changed = run.execute(_CHANGE)
            run.execute("SELECT count(*) FROM import_row")
            (rows,) = run.cursor.fetchone() or (0,)
            return Counts(changed=changed, unchanged=rows - changed)
        if run.operation is Operation.CREATE:
            return Counts(created=_associate(run))
        return Counts(deleted=_release(run))


_BEGIN = """
INSERT INTO association
    (meter_id, concentrator_id, validity, "row", phase, source, discovered_by_id)
SELECT s.meter_id, s.concentrator_id, tstzrange(%(at)s, NULL), s.row_number, s.phase, %(source)s,
       n.concentrator_id
FROM import_row s JOIN meter m ON m.id = s.meter_id
LEFT JOIN discovered_node n
    ON n.concentrator_id = s.concentrator_id AND n.mac_address = m.mac_address
ORDER BY s.line
"""
_END = """
UPDATE association a SET validity = tstzrange(lower(a.validity), %(at)s)
FROM import_row s WHERE a.meter_id = s.meter_id AND upper_inf(a.validity)
"""
_CHANGE = """
UPDATE association a SET "row" = s.row_number, phase = s.phase
FROM import_row s
WHERE a.meter_id = s.meter_id AND upper_inf(a.validity)
  AND (a."row", a.phase) IS DISTINCT FROM (s.row_number, s.phase)
"""
_STEP = """
UPDATE meter m SET process_state = %(step)s, updated_at = now()
FROM import_row s WHERE m.id = s.meter_id
"""
_COLLECTED_BY = """
INSERT INTO meter_statistics (meter_id, concentrator_id)
SELECT meter_id, {concentrator} FROM import_row ORDER BY meter_id
ON CONFLICT (meter_id) DO UPDATE SET concentrator_id = excluded.concentrator_id
"""
_STORY = """
SELECT c.id, c.name, c.serial_number, m.id, m.serial_number, coalesce(p.name, '')
FROM import_row s JOIN meter m ON m.id = s.meter_id
JOIN concentrator c ON c.id = s.concentrator_id
LEFT JOIN meter_installation i ON i.meter_id = m.id AND i.validity @> %(at)s
LEFT JOIN usage_point p ON p.id = i.usage_point_id
ORDER BY s.line
"""


def _associate(run: Run) -> int:
    begun = run.execute(_BEGIN)
    run.execute(_STEP, step=ProcessState.TO_COMMISSION)
    run.execute(_COLLECTED_BY.format(concentrator="concentrator_id"))
    _tell(run, EventKind.METER_ASSOCIATED)
    return begun


def _release(run: Run) -> int:
    ended = run.execute(_END)
    run.execute(_STEP, step=ProcessState.TO_ASSOCIATE)
    run.execute(_COLLECTED_BY.format(concentrator="NULL::bigint"))
    _tell(run, EventKind.METER_DISASSOCIATED)
    return ended


def _tell(run: Run, kind: EventKind) -> None:
    """One event and LPE line per meter."""
    run.execute(_STORY)
    announce(
        run.cursor,
        [
            Event(kind, run.company_id, concentrator_id, name or number, meter_id, meter, pod)
            for concentrator_id, name, number, meter_id, meter, pod in run.cursor.fetchall()
        ],
    )
