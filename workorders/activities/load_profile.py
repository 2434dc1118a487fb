"""Interval energies of the collected channels: S lines, and SWE lines from status words."""

from devices.choices import Activity
from devices.drivers.base import Table
from hes.domain.records import LoadProfileRun
from workorders.activities.reading import Collection, Source
from workorders.activities.shared import STATUS_WORDS

LOAD_PROFILE = Collection(
    Activity.LOAD_PROFILE,
    (
        Source(Table.LOAD_PROFILE, "load_profile", keeps=(LoadProfileRun,), counts_nrn=True),
        STATUS_WORDS,
    ),
)
