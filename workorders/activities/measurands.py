"""Registers measured over time, by the company's measurand profile: M lines."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import MeasurandRun
from workorders.activities.reading import Collection, Source

MEASURANDS = Collection(
    Activity.MEASURANDS,
    (Source(Table.MEASURANDS, "measurands", keeps=(MeasurandRun,), counts_nrn=True),),
)
