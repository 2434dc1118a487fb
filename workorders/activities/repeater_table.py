"""The paths by which a concentrator reaches its meters."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import Repeater
from workorders.activities.reading import Access, Collection, Source

REPEATER_TABLE = Collection(
    Activity.REPEATER_TABLE,
    (Source(Table.REPEATERS, "repeater_table", (Repeater,), Access.SNAPSHOT),),
)
