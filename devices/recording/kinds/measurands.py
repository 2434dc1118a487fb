"""T3: values of electrical registers -> M lines."""

from collections.abc import Iterable
from functools import partial

from devices.fleet import MeterRef
from devices.outbox.layouts import Series, sample_lines, state_of
from devices.outbox.slots import Kind, quarters
from devices.recording.claims import Claim, Piece, pieces
from devices.recording.work import Work
from hes.domain.measurands import REGISTERS, reading_type
from hes.domain.records import MeasurandRun


def record(work: Work, runs: Iterable[MeasurandRun]) -> None:
    """Claim the values of the registers that the meter's profile collects."""
    for meter, run in work.assigned(runs):
        if (run.register, run.value_type) not in meter.measurands:
            continue
        for piece in pieces(meter, run.first_end, len(run.values), run.period):
            if work.claim(_claim(meter, run, piece)):
                work.statistics.newest(meter.id, "last_measurand", piece.last_end)


def _claim(meter: MeterRef, run: MeasurandRun, piece: Piece) -> Claim:
    code = reading_type(run.register, run.value_type, run.period)
    decimals = -REGISTERS[run.register].scaler
    series = Series(piece.end, run.period, piece.size, run.offset, run.status, code, decimals)
    own = run.values[piece.start : piece.start + piece.size]
    return Claim(
        kind=Kind.M,
        meter=meter,
        day=piece.day,
        group=run.register,
        bits=quarters(run.value_type - 1, piece.slot, piece.size, run.period),
        is_good=state_of(run.status) == 0,
        offset=run.offset,
        encode=partial(sample_lines, meter.serial, piece.pod, series, own),
    )
