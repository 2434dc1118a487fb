"""Template 2: meters with their key pair. The model follows from the serial number."""

from collections.abc import Mapping
from typing import ClassVar

from devices import keys, meter_models
from devices.choices import Holder, SecretRole
from devices.imports.columns import Column, or_empty, secret, serial, text
from devices.imports.report import Operation
from devices.imports.staging import Run
from devices.imports.table import TableTemplate
from devices.models import Meter
from hes.domain import identifiers

ELECTRIC = "Electric"


class Meters(TableTemplate):
    """`primarykey` is the encryption key, `secondarykey` the authentication key (profile 2)."""

    number, name, label = "2", "meters", "meter"
    model, key, key_column, is_global = Meter, "serialnumber", "serial_number", True
    unique = ("serialnumber", "macaddress")
    identity = ("serialnumber",)
    other_unique: ClassVar[Mapping[str, str]] = {"macaddress": "mac_address"}
    holder = Holder.METER
    pair = ("primarykey", "secondarykey")
    columns = (
        serial("serialnumber"),
        Column("serialnumber_board", or_empty(identifiers.serial_number)),
        Column("macaddress", identifiers.mac_address, "bytea"),
        Column("firmwareid", text(40)),
        Column("hardwareid", text(40)),
        Column("servicekind", lambda value: text(20)(value) or ELECTRIC),
        Column("tag", text(100)),
        secret("primarykey"),
        secret("secondarykey"),
    )
    values = {
        "board_serial_number": "s.serialnumber_board",
        "mac_address": "s.macaddress",
        "firmware": "s.firmwareid",
        "hardware": "s.hardwareid",
        "service_kind": "s.servicekind",
        "tag": "s.tag",
    }
    fixed = {"model_id": "s.model_id"}
    uses = {
        "is or was linked to a POD": "EXISTS (SELECT FROM meter_installation i"
        " WHERE i.meter_id = s.target_id)",
        "is or was associated with a concentrator": "EXISTS (SELECT FROM association a"
        " WHERE a.meter_id = s.target_id)",
        "has been in contact": "EXISTS (SELECT FROM invocation_counter c"
        " WHERE c.holder = 'meter' AND c.holder_id = s.target_id)",
    }
    use_advice = "a meter with a history stays; unlink it by template 3 or decommission it"
    export_sql = """
        SELECT serial_number, board_serial_number, upper(encode(mac_address, 'hex')), firmware,
               hardware, service_kind, tag, '', ''
        FROM meter WHERE company_id = %(company)s ORDER BY serial_number
    """

    def staged(self, operation: Operation) -> tuple[str, ...]:
        return (*super().staged(operation), "model_id bigint")

    def prepare(self, run: Run) -> None:
        meter_models.ensure_meter_models()

    def check_values(self, run: Run) -> None:
        if run.operation is Operation.CREATE:
            self._find_models(run)
        run.refuse(
            self.column("primarykey"),
            "'only one of primarykey and secondarykey is given'",
            "give both or none",
            "WHERE (s.primarykey IS NULL) <> (s.secondarykey IS NULL) AND NOT EXISTS (SELECT FROM"
            " import_fault f WHERE f.line = s.line AND f.col IN ('primarykey', 'secondarykey'))",
        )
        self._refuse_pairs_used_twice(run)

    def _find_models(self, run: Run) -> None:
        run.execute(_FIND_MODEL)
        run.refuse(
            self.column("serialnumber"),
            "'belongs to no known meter model'",
            "check the number, or add the model with its serial prefix",
            "WHERE s.serialnumber IS NOT NULL AND s.model_id IS NULL",
        )

    def _refuse_pairs_used_twice(self, run: Run) -> None:
        run.refuse(
            self.column("primarykey"),
            "'the key pair is in use already'",
            "give every device its own key pair",
            "JOIN device_secret d ON d.pair_fingerprint = s.pair WHERE NOT (d.holder = 'meter'"
            " AND d.holder_id IS NOT DISTINCT FROM s.target_id AND d.state = 'active')",
        )

    def secrets(self, serial: str, opened: Mapping[str, bytes]) -> dict[SecretRole, bytes]:
        return dict(zip(keys.PAIR, (opened[name] for name in self.pair), strict=True))

    def create(self, run: Run) -> int:
        made = super().create(run)
        run.execute("INSERT INTO meter_statistics (meter_id) SELECT target_id FROM import_row")
        return made

    def delete(self, run: Run) -> int:
        run.execute(
            "DELETE FROM meter_statistics t USING import_row s WHERE t.meter_id = s.target_id"
        )
        run.execute(
            "DELETE FROM device_secret t USING import_row s"
            " WHERE t.holder = 'meter' AND t.holder_id = s.target_id"
        )
        return super().delete(run)


_FIND_MODEL = """
UPDATE import_row s SET model_id = m.id
FROM (SELECT DISTINCT ON (r.line) r.line, m.id FROM import_row r
      JOIN meter_model m ON m.serial_prefix <> '' AND starts_with(r.serialnumber, m.serial_prefix)
      ORDER BY r.line, length(m.serial_prefix) DESC) m
WHERE m.line = s.line
"""
