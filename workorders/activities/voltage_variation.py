"""Weekly voltage quality: VV lines."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import VoltageVariation
from workorders.activities.reading import Collection, Source

VOLTAGE_VARIATION = Collection(
    Activity.VOLTAGE_VARIATION,
    (Source(Table.VOLTAGE_VARIATION, "voltage_variation", (VoltageVariation,), counts_nrn=True),),
)
