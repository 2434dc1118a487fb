"""Interruption counters (report) and ended interruptions (VI lines)."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import InterruptionCounters, InterruptionEnded
from workorders.activities.reading import Access, Collection, Source

VOLTAGE_INTERRUPTION = Collection(
    Activity.VOLTAGE_INTERRUPTION,
    (
        Source(
            Table.INTERRUPTION_COUNTERS,
            "voltage_interruption",
            (InterruptionCounters,),
            Access.NEWEST,
            counts_nrn=True,
        ),
        Source(Table.STATUS_AND_EVENTS, "interruptions", keeps=(InterruptionEnded,)),
    ),
)
