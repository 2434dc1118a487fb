"""Daily closures of the collected energies: DC lines, and SWE lines from status words."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import DailyClosure
from workorders.activities.reading import Collection, Source
from workorders.activities.shared import STATUS_WORDS

DAILY_CLOSURE = Collection(
    Activity.DAILY_CLOSURE,
    (
        Source(Table.CLOSURES, "daily_closure", keeps=(DailyClosure,), counts_nrn=True),
        STATUS_WORDS,
    ),
)
