"""The inventory in the columns of its templates: what goes out comes in again unchanged.

Key columns stay empty; an import with operation change then keeps the stored keys.
"""

from typing import BinaryIO

from django.db import connection

from devices.imports.template import Template


def export(template: Template, company_id: int, out: BinaryIO) -> int:
    """Write all rows of a company as CSV (`;`, UTF-8, header); returns how many. Streams."""
    headers = list(dict.fromkeys(column.header for column in template.columns))
    places = [f"c{number}" for number in range(len(headers))]
    fields = ", ".join(
        f"nullif({place}::text, '') AS \"{header}\""
        for place, header in zip(places, headers, strict=True)
    )
    rows = template.export_sql.replace("%(company)s", str(int(company_id)))
    sql = f"SELECT {fields} FROM ({rows}) AS t ({', '.join(places)})"
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(
            f"COPY ({sql}) TO STDOUT WITH (FORMAT csv, DELIMITER ';', HEADER, NULL '')", out
        )
        return int(cursor.rowcount)
