"""Template 1: usage points (the operators' POD) and where they are."""

from devices.imports.columns import Column, named, place, text
from devices.imports.staging import Run
from devices.imports.table import TableTemplate
from devices.models import UsagePoint
from hes.domain import identifiers


class UsagePoints(TableTemplate):
    number, name, label = "1", "usage_points", "POD"
    model, key, key_column = UsagePoint, "name", "name"
    unique = identity = ("name",)
    columns = (
        Column("name", named()),
        Column("address", text(200)),
        Column("city", text(100)),
        *place(),
        Column("tag", text(100)),
        Column("isbalance", identifiers.flag, "bool"),
    )
    values = {
        "address": "s.address",
        "city": "s.city",
        "latitude": "s.latitude",
        "longitude": "s.longitude",
        "altitude": "s.altitude",
        "tag": "s.tag",
        "is_balance": "s.isbalance",
    }
    uses = {
        "is or was linked to a meter": "EXISTS (SELECT FROM meter_installation i"
        " WHERE i.usage_point_id = s.target_id)"
    }
    use_advice = "a POD with a history stays; unlink its meter by template 3"
    export_sql = """
        SELECT name, address, city, trim_scale(latitude), trim_scale(longitude),
               trim_scale(altitude), tag, upper(is_balance::text)
        FROM usage_point WHERE company_id = %(company)s ORDER BY name
    """

    def check_values(self, run: Run) -> None:
        refuse_half_a_position(self, run)


def refuse_half_a_position(template: TableTemplate, run: Run) -> None:
    """Latitude and longitude belong together."""
    run.refuse(
        template.column("latitude"),
        "'only one of latitude and longitude is given'",
        "give both or none",
        "WHERE (s.latitude IS NULL) <> (s.longitude IS NULL) AND NOT EXISTS (SELECT FROM"
        " import_fault f WHERE f.line = s.line AND f.col IN ('latitude', 'longitude'))",
    )
