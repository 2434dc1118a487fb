"""Template 7: concentrators at their sites, with profiles and communication equipment.

Create installs a provisioned (or removed) concentrator, change corrects an installed one, delete
removes one whose meters were released. Modules, SIM cards and Ethernet modules are made when first
named.
"""

from devices import lifecycle
from devices.choices import ConcentratorState
from devices.imports.columns import Column, named, optional, serial
from devices.imports.report import Counts, Operation
from devices.imports.staging import Reference, Run
from devices.imports.template import Template

_PROFILE = "make the profile first, or leave the field empty"
_BY_TEMPLATE = "import it by template {} first"
_NAMES = (
    Reference("spontaneousprofile", "spontaneous_profile", "name", "spontaneous_profile_id",
              "spontaneous profile", _PROFILE),
    Reference("procedureprofile", "procedure_profile", "name", "procedure_profile_id",
              "procedure profile", _PROFILE),
    Reference("substationname", "substation", "name", "substation_id", "substation",
              _BY_TEMPLATE.format(4)),
    Reference("transformername", "transformer", "code", "transformer_id", "transformer",
              _BY_TEMPLATE.format(5)),
)  # fmt: skip
_EQUIPMENT = (
    Reference("moduleserialnumber", "communication_module", "name", "module_id", "module", ""),
    Reference("simserialnumber", "sim_card", "name", "sim_card_id", "SIM card", ""),
    Reference("ethernetname", "ethernet_module", "name", "ethernet_id", "Ethernet module", ""),
)
_SITE = [reference.into for reference in (*_NAMES, *_EQUIPMENT)]


class Installations(Template):
    number, name = "7", "installations"
    columns = (
        Column("ConcentratorName", named()),
        serial("ConcentratorSerialNumber"),
        Column("SpontaneousProfile", optional(named())),
        Column("ProcedureProfile", optional(named())),
        Column("SubstationName", named()),
        Column("TransformerName", optional(named())),
        Column("ModuleSerialNumber", optional(named(60))),
        Column("SimSerialNumber", optional(named(60))),
        Column("EthernetName", optional(named(60))),
    )
    unique = ("concentratorname", "concentratorserialnumber")
    identity = ("concentratorserialnumber",)
    export_sql = """
        SELECT c.name, c.serial_number, sp.name, pp.name, s.name, t.code, m.name, i.name, e.name
        FROM concentrator c
        LEFT JOIN spontaneous_profile sp ON sp.id = c.spontaneous_profile_id
        LEFT JOIN procedure_profile pp ON pp.id = c.procedure_profile_id
        LEFT JOIN substation s ON s.id = c.substation_id
        LEFT JOIN transformer t ON t.id = c.transformer_id
        LEFT JOIN communication_module m ON m.id = c.module_id
        LEFT JOIN sim_card i ON i.id = c.sim_card_id
        LEFT JOIN ethernet_module e ON e.id = c.ethernet_id
        WHERE c.company_id = %(company)s AND c.state IN ('installed', 'initialised')
        ORDER BY c.name
    """

    def references(self, operation: Operation) -> tuple[Reference, ...]:
        own = Reference("concentratorserialnumber", "concentrator", "serial_number", "target_id",
                        "concentrator", _BY_TEMPLATE.format(6))  # fmt: skip
        return (own,) if operation is Operation.DELETE else (own, *_NAMES)

    def staged(self, operation: Operation) -> tuple[str, ...]:
        return (*super().staged(operation), *(f"{made.into} bigint" for made in _EQUIPMENT))

    def check(self, run: Run) -> None:
        if run.operation is Operation.CREATE:
            states = lifecycle.CONCENTRATOR.before(ConcentratorState.INSTALLED)
            self._refuse_states(run, states, "use operation change")
        elif run.operation is Operation.CHANGE:
            states = lifecycle.CONCENTRATOR.before(ConcentratorState.REMOVED)
            self._refuse_states(run, states, "use operation create")
        else:
            self._check_removal(run)
            return
        self._check_site(run)

    def _refuse_states(self, run: Run, allowed: list[str], advice: str) -> None:
        states = ", ".join(f"'{state}'" for state in allowed)
        run.refuse(
            self.column("concentratorserialnumber"),
            "'is ' || c.state",
            advice,
            f"JOIN concentrator c ON c.id = s.target_id AND c.state NOT IN ({states})",
        )

    def _check_removal(self, run: Run) -> None:
        states = lifecycle.CONCENTRATOR.before(ConcentratorState.REMOVED)
        self._refuse_states(run, states, "it is not at a site")
        run.refuse(
            self.column("concentratorserialnumber"),
            "'has associated meters'",
            "release or move them first",
            "WHERE EXISTS (SELECT FROM association a WHERE a.concentrator_id = s.target_id"
            " AND upper_inf(a.validity))",
        )

    def _check_site(self, run: Run) -> None:
        run.refuse(
            self.column("concentratorname"),
            "'is the name of ' || c.serial_number",
            "give every concentrator its own name",
            "JOIN concentrator c ON c.company_id = %(company)s AND c.name = s.concentratorname"
            " AND c.id IS DISTINCT FROM s.target_id",
        )
        run.refuse(
            self.column("transformername"),
            "'belongs to substation ' || u.name",
            "check the row against template 5",
            "JOIN transformer t ON t.id = s.transformer_id AND t.substation_id <> s.substation_id"
            " JOIN substation u ON u.id = t.substation_id",
        )

    def write(self, run: Run) -> Counts:
        if run.operation is Operation.DELETE:
            return Counts(deleted=run.execute(_REMOVE, state=ConcentratorState.REMOVED))
        _make_equipment(run)
        if run.operation is Operation.CREATE:
            return Counts(created=run.execute(_INSTALL, state=ConcentratorState.INSTALLED))
        changed = run.execute(_CHANGE)
        run.execute("SELECT count(*) FROM import_row")
        (rows,) = run.cursor.fetchone() or (0,)
        return Counts(changed=changed, unchanged=rows - changed)


def _make_equipment(run: Run) -> None:
    """What the rows name for the first time is made; then all of it has ids."""
    for made in _EQUIPMENT:
        run.execute(
            f"INSERT INTO {made.table} (company_id, name) SELECT DISTINCT %(company)s::bigint,"
            f" {made.column} FROM import_row WHERE {made.column} IS NOT NULL ON CONFLICT DO NOTHING"
        )
        run.resolve(made)


_COLUMNS = ", ".join(_SITE)
_NEW = ", ".join(f"s.{column}" for column in _SITE)
_OLD = ", ".join(f"c.{column}" for column in _SITE)
_INSTALL = f"""
UPDATE concentrator c
SET (name, state, updated_at, {_COLUMNS}) = ROW(s.concentratorname, %(state)s, now(), {_NEW})
FROM import_row s WHERE c.id = s.target_id
"""
_CHANGE = f"""
UPDATE concentrator c SET (name, updated_at, {_COLUMNS}) = ROW(s.concentratorname, now(), {_NEW})
FROM import_row s
WHERE c.id = s.target_id AND ROW(c.name, {_OLD}) IS DISTINCT FROM ROW(s.concentratorname, {_NEW})
"""
_REMOVE = """
UPDATE concentrator c
SET state = %(state)s, name = '', host = '', transformer_id = NULL, module_id = NULL,
    sim_card_id = NULL, ethernet_id = NULL, scheduled_from = NULL, updated_at = now()
FROM import_row s WHERE c.id = s.target_id
"""
