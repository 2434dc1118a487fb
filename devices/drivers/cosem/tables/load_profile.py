"""T2: energies of the recording interval."""

from devices.drivers.cosem.tables.series import Stretch, series_table
from devices.protocol.tables import LOAD_PROFILE
from devices.protocol.tables.load_profile import CHANNELS
from hes.domain.records import LoadProfileRun


def _run(stretch: Stretch) -> LoadProfileRun:
    cycle, mac, period = stretch.identity
    return LoadProfileRun(
        mac, cycle, period, stretch.first_end, stretch.offset, stretch.status, stretch.count,
        tuple(stretch.channels),
    )  # fmt: skip


READER = series_table(LOAD_PROFILE, _run, len(CHANNELS))
