"""T7 source 3: voltage interruptions that ended -> VI lines."""

from collections.abc import Iterable
from functools import partial

from devices.outbox.layouts import VOLTAGE_INTERRUPTION, sample_line
from devices.outbox.slots import Kind, minute
from devices.recording.claims import Claim
from devices.recording.work import Work
from hes.domain.records import InterruptionEnded
from hes.domain.time import local_stamp


def record(work: Work, interruptions: Iterable[InterruptionEnded]) -> None:
    """Claim one minute per interruption: value is the duration in s, stamp its end."""
    for meter, ended in work.assigned(interruptions):
        day, group, bits = minute(ended.phase, ended.at)
        encode = partial(
            sample_line,
            meter.serial,
            meter.pod_at(ended.at)[0],
            str(ended.duration),
            VOLTAGE_INTERRUPTION,
            local_stamp(ended.at, ended.offset),
        )
        work.claim(Claim(Kind.VI, meter, day, group, bits, True, ended.offset, encode))
