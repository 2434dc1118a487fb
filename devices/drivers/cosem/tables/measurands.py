"""T3: one register, value kind and period of a meter after the other."""

from devices.drivers.cosem.tables.series import Stretch, series_table
from devices.protocol.tables import MEASURANDS
from hes.domain.records import MeasurandRun


def _run(stretch: Stretch) -> MeasurandRun:
    cycle, mac, register, value_type, period = stretch.identity
    values = stretch.channels[0] or ()  # a row without a value still says: the meter was reached
    return MeasurandRun(
        mac, cycle, register, value_type, period, stretch.first_end, stretch.offset,
        stretch.status, values,
    )  # fmt: skip


READER = series_table(MEASURANDS, _run)
