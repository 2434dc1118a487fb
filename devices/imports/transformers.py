"""Template 5: distribution transformers of the substations."""

from devices.imports.columns import Column, named, text
from devices.imports.staging import Reference
from devices.imports.table import TableTemplate
from devices.models import Transformer


class Transformers(TableTemplate):
    number, name, label = "5", "transformers", "transformer"
    model, key, key_column = Transformer, "code", "code"
    unique = identity = ("code",)
    columns = (
        Column("code", named()),
        Column("substationname", named()),
        Column("description", text(200)),
    )
    values = {"substation_id": "s.substation_id", "description": "s.description"}
    uses = {
        "has concentrators": "EXISTS (SELECT FROM concentrator c"
        " WHERE c.transformer_id = s.target_id)"
    }
    use_advice = "move or remove them first"
    export_sql = """
        SELECT t.code, s.name, t.description
        FROM transformer t JOIN substation s ON s.id = t.substation_id
        WHERE t.company_id = %(company)s ORDER BY t.code
    """

    def named(self) -> tuple[Reference, ...]:
        advice = "import it by template 4 first"
        return (
            Reference(
                "substationname", "substation", "name", "substation_id", "substation", advice
            ),
        )
