"""CEData: current registers, credit and status word of each meter: R, PP and SWE lines."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import CurrentData
from workorders.activities.reading import Access, Collection, Source

CEDATA = Collection(
    Activity.CEDATA,
    (Source(Table.CURRENT_DATA, "cedata", (CurrentData,), Access.NEWEST, counts_nrn=True),),
)
