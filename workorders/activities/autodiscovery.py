"""The node list a concentrator discovered: nodes, and conflicts that a person resolves."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import Node
from workorders.activities.reading import Access, Collection, Source

AUTODISCOVERY = Collection(
    Activity.AUTODISCOVERY,
    (Source(Table.NODES, "autodiscovery", (Node,), Access.SNAPSHOT),),
)
