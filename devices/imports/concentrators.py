"""Template 6: concentrators with their credentials.

`k2_password` is the master key (profile 2). The template has no columns for the management keys of
a concentrator (guek, gak): until mutual authentication hands over real ones they are derived from
`k2_password`, *assumed*, in one place: `hes.lib.crypto.concentrator_keys`.
"""

from collections.abc import Mapping

from devices import keys
from devices.choices import Holder, SecretRole
from devices.imports.columns import Column, secret, serial, text
from devices.imports.report import Operation
from devices.imports.staging import Run
from devices.imports.table import TableTemplate
from devices.models import Concentrator
from hes.domain import identifiers
from hes.lib.crypto import concentrator_keys

ROLES = {
    "ppp_password": SecretRole.PPP_PASSWORD,
    "maa_password": SecretRole.MAA_PASSWORD,
    "k2_password": SecretRole.MASTER,
}


class Concentrators(TableTemplate):
    number, name, label = "6", "concentrators", "concentrator"
    model, key, key_column, is_global = Concentrator, "serialnumber", "serial_number", True
    unique = identity = ("serialnumber",)
    holder = Holder.CONCENTRATOR
    columns = (
        serial("serialnumber"),
        Column("adlvc", identifiers.lv_address, "bytea"),
        Column("ppp_username", text(64)),
        secret("ppp_password"),
        Column("maa_username", text(64)),
        secret("maa_password"),
        secret("k2_password"),
        Column("tag", text(100)),
    )
    values = {
        "lv_address": "s.adlvc",
        "ppp_username": "s.ppp_username",
        "maa_username": "s.maa_username",
        "tag": "s.tag",
    }
    uses = {
        "is installed": "EXISTS (SELECT FROM concentrator c WHERE c.id = s.target_id"
        " AND c.state IN ('installed', 'initialised'))",
        "has or had meters": "EXISTS (SELECT FROM association a"
        " WHERE s.target_id IN (a.concentrator_id, a.discovered_by_id))",
        "has been in contact": "EXISTS (SELECT FROM invocation_counter c"
        " WHERE c.holder = 'concentrator' AND c.holder_id = s.target_id)",
    }
    use_advice = "a concentrator with a history stays; remove it by template 7"
    export_sql = """
        SELECT serial_number, upper(encode(lv_address, 'hex')), ppp_username, '', maa_username, '',
               '', tag
        FROM concentrator WHERE company_id = %(company)s ORDER BY serial_number
    """

    def check_values(self, run: Run) -> None:
        if run.operation is Operation.CREATE:
            run.refuse(
                self.column("k2_password"),
                "'is empty'",
                "give its master key; without it no session can be opened",
                "WHERE s.k2_password IS NULL AND NOT EXISTS (SELECT FROM import_fault f"
                " WHERE f.line = s.line AND f.col IN ('', 'k2_password'))",
            )

    def secrets(self, serial: str, opened: Mapping[str, bytes]) -> dict[SecretRole, bytes]:
        given = {ROLES[name]: value for name, value in opened.items()}
        if k2 := opened.get("k2_password"):
            given |= zip(keys.PAIR, concentrator_keys(k2, serial), strict=True)
        return given

    def create(self, run: Run) -> int:
        made = super().create(run)
        run.execute(
            "INSERT INTO concentrator_status (concentrator_id) SELECT target_id FROM import_row"
        )
        return made

    def delete(self, run: Run) -> int:
        run.execute(
            "DELETE FROM concentrator_status t USING import_row s"
            " WHERE t.concentrator_id = s.target_id"
        )
        run.execute(
            "DELETE FROM device_secret t USING import_row s"
            " WHERE t.holder = 'concentrator' AND t.holder_id = s.target_id"
        )
        return super().delete(run)
