"""T2: energy per interval -> S lines."""

from collections.abc import Iterable
from functools import partial

from devices.fleet import MeterRef
from devices.outbox.layouts import Series, sample_lines, state_of
from devices.outbox.slots import CHANNELS, Kind, quarters
from devices.recording.claims import Claim, Piece, pieces
from devices.recording.work import Work
from hes.domain.energies import ENERGIES
from hes.domain.records import LoadProfileRun


def record(work: Work, runs: Iterable[LoadProfileRun]) -> None:
    """Claim the intervals of the energies that the meter's profile collects."""
    for meter, run in work.assigned(runs):
        cut = list(pieces(meter, run.first_end, run.count, run.period))
        for energy in ENERGIES:
            if energy.code not in meter.channels or run.channels[energy.channel] is None:
                continue
            for piece in cut:
                if work.claim(_claim(meter, run, energy.channel, piece)):
                    column = f"last_lp_{energy.table_type}"
                    work.statistics.newest(meter.id, column, piece.last_end)


def _claim(meter: MeterRef, run: LoadProfileRun, channel: int, piece: Piece) -> Claim:
    values = run.channels[channel] or ()
    code = ENERGIES[channel].reading_types[run.period]
    series = Series(piece.end, run.period, piece.size, run.offset, run.status, code)
    own = values[piece.start : piece.start + piece.size]
    return Claim(
        kind=Kind.S,
        meter=meter,
        day=piece.day,
        group=channel // CHANNELS,
        bits=quarters(channel, piece.slot, piece.size, run.period),
        is_good=state_of(run.status) == 0,
        offset=run.offset,
        encode=partial(sample_lines, meter.serial, piece.pod, series, own),
    )
