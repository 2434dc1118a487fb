"""The bulk tables of a simulated concentrator: which rows there are, and their bytes."""

from devices.simulator.tables.closures import Closures
from devices.simulator.tables.current_data import CurrentData
from devices.simulator.tables.events import Events
from devices.simulator.tables.journal import (
    ClockRange,
    CycleRange,
    Everything,
    Journal,
    OneMeter,
    Scope,
)
from devices.simulator.tables.load_profile import LoadProfile
from devices.simulator.tables.measurands import Measurands
from devices.simulator.tables.snapshots import SNAPSHOTS
from devices.simulator.tables.view import View
from devices.simulator.tables.voltage import InterruptionCounters, VoltageVariation

JOURNALS: dict[int, Journal] = {
    journal.table.number: journal
    for journal in (
        Closures(), LoadProfile(), Measurands(), CurrentData(), VoltageVariation(),
        InterruptionCounters(), Events(),
    )
}  # fmt: skip

__all__ = [
    "JOURNALS", "SNAPSHOTS", "ClockRange", "CycleRange", "Everything", "Journal", "OneMeter",
    "Scope", "View",
]  # fmt: skip
