"""T5: a week of voltage quality -> four VV lines."""

from collections.abc import Iterable
from functools import partial

from devices.outbox.layouts import voltage_lines
from devices.outbox.slots import Kind, quarters
from devices.recording.claims import Claim
from devices.recording.work import Work
from hes.domain.records import VoltageVariation
from hes.domain.time import local_stamp, slot_of


def record(work: Work, weeks: Iterable[VoltageVariation]) -> None:
    """Claim one slot per week: its four lines leave together."""
    for meter, week in work.assigned(weeks):
        day, slot = slot_of(week.at)
        encode = partial(
            voltage_lines,
            meter.serial,
            meter.pod_at(week.at)[0],
            (week.minimum, week.maximum),
            (week.samples_ko, week.samples_ok),
            local_stamp(week.at, week.offset),
        )
        bits = quarters(0, slot)
        work.claim(Claim(Kind.VV, meter, day, 0, bits, True, week.offset, encode))
