"""All scheduled collections by name, in the order a visit runs them. One kind, one line."""

from workorders.activities.autodiscovery import AUTODISCOVERY
from workorders.activities.cedata import CEDATA
from workorders.activities.daily_closure import DAILY_CLOSURE
from workorders.activities.load_profile import LOAD_PROFILE
from workorders.activities.measurands import MEASURANDS
from workorders.activities.reading import Collection
from workorders.activities.repeater_table import REPEATER_TABLE
from workorders.activities.voltage_interruption import VOLTAGE_INTERRUPTION
from workorders.activities.voltage_variation import VOLTAGE_VARIATION

COLLECTIONS: dict[str, Collection] = {
    collection.name: collection
    for collection in (
        DAILY_CLOSURE,
        LOAD_PROFILE,
        CEDATA,
        MEASURANDS,
        VOLTAGE_INTERRUPTION,
        VOLTAGE_VARIATION,
        AUTODISCOVERY,
        REPEATER_TABLE,
    )
}
POSITION: dict[str, int] = {name: place for place, name in enumerate(COLLECTIONS)}
