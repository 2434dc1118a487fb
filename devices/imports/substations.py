"""Template 4: secondary substations, with the Windows name of their time zone."""

from devices.imports.columns import Column, named, place, text
from devices.imports.staging import Run
from devices.imports.table import TableTemplate
from devices.imports.usage_points import refuse_half_a_position
from devices.models import Substation
from devices.zones import iana_zone, zone_names


def windows_name(value: str) -> str:
    """The Windows zone name as written; empty where an IANA name was given instead."""
    name = value.strip()
    return "" if name in zone_names() else name[:60]


class Substations(TableTemplate):
    number, name, label = "4", "substations", "substation"
    model, key, key_column = Substation, "name", "name"
    unique = identity = ("name",)
    columns = (
        Column("name", named()),
        Column("description", text(200)),
        Column("address", text(200)),
        Column("city", text(100)),
        *place(),
        Column("windowstimezoneid", windows_name),
        Column("windowstimezoneid", iana_zone, name="time_zone"),
    )
    values = {
        "description": "s.description",
        "address": "s.address",
        "city": "s.city",
        "latitude": "s.latitude",
        "longitude": "s.longitude",
        "altitude": "s.altitude",
        "windows_time_zone": "s.windowstimezoneid",
        "time_zone": "s.time_zone",
    }
    uses = {
        "has transformers": "EXISTS (SELECT FROM transformer t"
        " WHERE t.substation_id = s.target_id)",
        "has concentrators": "EXISTS (SELECT FROM concentrator c"
        " WHERE c.substation_id = s.target_id)",
    }
    use_advice = "move or delete them first"
    export_sql = """
        SELECT name, description, address, city, trim_scale(latitude), trim_scale(longitude),
               trim_scale(altitude), coalesce(nullif(windows_time_zone, ''), time_zone)
        FROM substation WHERE company_id = %(company)s ORDER BY name
    """

    def check_values(self, run: Run) -> None:
        refuse_half_a_position(self, run)
