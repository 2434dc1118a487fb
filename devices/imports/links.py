"""Template 3: which meter stands at which usage point.

A link begins (create, change) or ends (change, delete) at the run's instant. Linking gives the
meter its model's default tariff and makes it Installed, To associate (design 7).
"""

from devices import lifecycle
from devices.choices import MeterState, ProcessState
from devices.imports.columns import Column, named, serial
from devices.imports.report import Counts, Operation
from devices.imports.staging import Reference, Run
from devices.imports.template import Template


class Links(Template):
    number, name = "3", "links"
    columns = (serial("serialnumber"), Column("podname", named()))
    unique = identity = ("serialnumber", "podname")
    export_sql = """
        SELECT m.serial_number, p.name
        FROM meter_installation i JOIN meter m ON m.id = i.meter_id
        JOIN usage_point p ON p.id = i.usage_point_id
        WHERE m.company_id = %(company)s AND upper_inf(i.validity) ORDER BY m.serial_number
    """

    def references(self, operation: Operation) -> tuple[Reference, ...]:
        return (
            Reference("serialnumber", "meter", "serial_number", "meter_id", "meter",
                      "import it by template 2 first"),
            Reference("podname", "usage_point", "name", "pod_id", "POD",
                      "import it by template 1 first"),
        )  # fmt: skip

    def check(self, run: Run) -> None:
        if run.operation is not Operation.DELETE:
            self._refuse_occupied_pods(run)
        if run.operation is Operation.CREATE:
            self._refuse_linked_meters(run)
            self._refuse_states(run, MeterState.INSTALLED, "decommission it first", _UNLINKED)
        else:
            self._refuse_unlinked_meters(run)
        if run.operation is Operation.DELETE:
            self._refuse_deletion(run)

    def _refuse_linked_meters(self, run: Run) -> None:
        run.refuse(
            self.column("serialnumber"),
            "'is linked to POD ' || p.name",
            "use operation change to move it, or delete that link first",
            "JOIN meter_installation i ON i.meter_id = s.meter_id"
            " AND i.validity && tstzrange(%(at)s, NULL)"
            " JOIN usage_point p ON p.id = i.usage_point_id",
        )

    def _refuse_occupied_pods(self, run: Run) -> None:
        run.refuse(
            self.column("podname"),
            "'is linked to meter ' || m.serial_number",
            "delete that link first",
            "JOIN meter_installation i ON i.usage_point_id = s.pod_id"
            " AND i.validity && tstzrange(%(at)s, NULL)"
            " JOIN meter m ON m.id = i.meter_id AND m.id IS DISTINCT FROM s.meter_id",
        )

    def _refuse_states(self, run: Run, target: MeterState, advice: str, beside: str) -> None:
        sources = ", ".join(f"'{state}'" for state in lifecycle.METER.before(target))
        run.refuse(
            self.column("serialnumber"),
            "'is ' || m.state",
            advice,
            f"JOIN meter m ON m.id = s.meter_id AND m.state NOT IN ({sources}) {beside}",
        )

    def _refuse_unlinked_meters(self, run: Run) -> None:
        column = self.column("serialnumber")
        run.refuse(
            column,
            "'is not linked'",
            "use operation create",
            f"{_UNLINKED} AND s.meter_id IS NOT NULL",
        )
        run.refuse(
            column,
            "'has a link that begins later'",
            "give a later instant",
            "JOIN meter_installation i ON i.meter_id = s.meter_id AND upper_inf(i.validity)"
            " AND i.usage_point_id IS DISTINCT FROM s.pod_id AND lower(i.validity) >= %(at)s",
        )

    def _refuse_deletion(self, run: Run) -> None:
        self._refuse_states(run, MeterState.PROVISIONED, "decommission it first", _LINKED)
        run.refuse(
            self.column("podname"),
            "'is not the POD of this meter, which is ' || p.name",
            "check the row",
            "JOIN meter_installation i ON i.meter_id = s.meter_id AND upper_inf(i.validity)"
            " JOIN usage_point p ON p.id = i.usage_point_id AND p.id IS DISTINCT FROM s.pod_id",
        )
        run.refuse(
            self.column("serialnumber"),
            "'is associated with concentrator ' || c.serial_number",
            "delete the association first",
            "JOIN association a ON a.meter_id = s.meter_id AND upper_inf(a.validity)"
            " JOIN concentrator c ON c.id = a.concentrator_id",
        )

    def write(self, run: Run) -> Counts:
        if run.operation is Operation.DELETE:
            return Counts(deleted=_unlink(run))
        if run.operation is Operation.CREATE:
            return Counts(created=_link(run))
        return _move(run)


_LINK = "(SELECT FROM meter_installation i WHERE i.meter_id = s.meter_id AND upper_inf(i.validity))"
_LINKED, _UNLINKED = f"WHERE EXISTS {_LINK}", f"WHERE NOT EXISTS {_LINK}"
_BEGIN = """
INSERT INTO meter_installation (meter_id, usage_point_id, validity)
SELECT meter_id, pod_id, tstzrange(%(at)s, NULL) FROM import_row ORDER BY line
"""
_END = """
UPDATE meter_installation i SET validity = tstzrange(lower(i.validity), %(at)s)
FROM import_row s WHERE i.meter_id = s.meter_id AND upper_inf(i.validity)
"""
_TARIFFS = """
INSERT INTO tariff_profile (company_id, name, description)
SELECT DISTINCT %(company)s::bigint, o.default_tariff_name, ''
FROM import_row s JOIN meter m ON m.id = s.meter_id JOIN meter_model o ON o.id = m.model_id
WHERE o.default_tariff_name <> ''
ON CONFLICT DO NOTHING
"""
_INSTALL = """
UPDATE meter m SET state = %(state)s, process_state = %(step)s, updated_at = now(),
                   tariff_id = t.id
FROM import_row s JOIN meter n ON n.id = s.meter_id JOIN meter_model o ON o.id = n.model_id
LEFT JOIN tariff_profile t ON t.company_id = %(company)s AND t.name = o.default_tariff_name
WHERE m.id = s.meter_id
"""
_UNINSTALL = """
UPDATE meter m SET state = %(state)s, process_state = %(step)s, updated_at = now()
FROM import_row s WHERE m.id = s.meter_id
"""
_FORGET_UNMOVED = """
DELETE FROM import_row s USING meter_installation i
WHERE i.meter_id = s.meter_id AND i.usage_point_id = s.pod_id AND upper_inf(i.validity)
"""


def _link(run: Run) -> int:
    linked = run.execute(_BEGIN)
    run.execute(_TARIFFS)
    run.execute(_INSTALL, state=MeterState.INSTALLED, step=ProcessState.TO_ASSOCIATE)
    return linked


def _move(run: Run) -> Counts:
    unmoved = run.execute(_FORGET_UNMOVED)
    run.execute(_END)
    return Counts(changed=run.execute(_BEGIN), unchanged=unmoved)


def _unlink(run: Run) -> int:
    ended = run.execute(_END)
    run.execute(_UNINSTALL, state=MeterState.PROVISIONED, step=ProcessState.NONE)
    return ended
