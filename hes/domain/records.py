"""What a driver hands to recording: plain facts of the field, one frozen dataclass per kind.

Instants are UTC epoch seconds; `offset` is minutes east of UTC on the device's stamp; `mac` is the
meter's six-byte address in printed order; `cycle` is the concentrator's collection cycle in which
the meter delivered (None for drivers without cycles). Source: companion profile 3.3.
"""

from dataclasses import dataclass

Values = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class LoadProfileRun:
    """Consecutive intervals of one meter without gap, change of offset or change of status.

    `first_end` is the end of the first interval; interval i ends `i * period * 60` seconds later.
    `channels[c]` holds one value (Wh or varh) per interval for energy channel c, or None where the
    channel is not collected. All channel tuples have length `count`.
    """

    mac: bytes
    cycle: int | None
    period: int  # minutes: 15 or 60
    first_end: int
    offset: int
    status: int  # AMR profile status byte
    count: int
    channels: tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class MeasurandRun:
    """Consecutive values of one register of one meter (raw, scaler by register)."""

    mac: bytes
    cycle: int | None
    register: int
    value_type: int
    period: int
    first_end: int
    offset: int
    status: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DailyClosure:
    """Registers of one energy at the local day change: total and six tariffs, Wh or varh."""

    mac: bytes
    cycle: int | None
    energy: int  # code of hes.domain.energies
    at: int
    offset: int
    total: int
    tariffs: tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class CurrentData:
    """CEData: current active import registers, credit and state of one meter (inferred content)."""

    mac: bytes
    cycle: int | None
    at: int
    offset: int
    total: int
    tariffs: tuple[int, int, int, int, int, int]
    credit: int | None  # Wh
    currency_credit: int | None  # hundredths of the company's currency
    last_transaction: int | None
    flags: int
    alarm_word: int


@dataclass(frozen=True, slots=True)
class MaximumPower:
    """One maximum demand register of one meter, W: an answer to a maximum power order (003 6.2.4).

    `at` is the moment of the peak; `tariff` 0 is the whole, 1 to 6 are the tariffs.
    """

    mac: bytes
    at: int
    offset: int
    power: int
    tariff: int = 0
    is_reverse: bool = False
    previous_period: bool = False


@dataclass(frozen=True, slots=True)
class VoltageVariation:
    """One week of voltage quality of one meter; voltages in 0.1 V, sample counts."""

    mac: bytes
    cycle: int | None
    at: int
    offset: int
    minimum: int
    maximum: int
    samples_ko: int
    samples_ok: int


@dataclass(frozen=True, slots=True)
class InterruptionCounters:
    """Last interruption values of one meter and phase (report only; names as printed in 001)."""

    mac: bytes
    cycle: int | None
    at: int
    offset: int
    thvi: int
    tsi: int
    tli: int
    phase: int
    previous_period: bool
    nshv: int
    nav: int
    nlov: int
    tshv: int


@dataclass(frozen=True, slots=True)
class AlarmWord:
    """The meter status word as read with closures and profiles."""

    mac: bytes
    cycle: int | None
    at: int
    offset: int
    word: int


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """One entry of the meter's event log."""

    mac: bytes
    cycle: int | None
    at: int
    offset: int
    code: int
    data: int


@dataclass(frozen=True, slots=True)
class InterruptionEnded:
    """One voltage interruption that ended at `at`; duration in seconds."""

    mac: bytes
    cycle: int | None
    at: int
    offset: int
    phase: int
    duration: int


@dataclass(frozen=True, slots=True)
class Node:
    """One row of the concentrator's node list (autodiscovery). Instants None where never."""

    mac: bytes
    serial: str
    app_version: bytes
    phase: int
    row: int
    quality: int
    discovered: int | None
    last_contact: int | None
    state: int  # 0 seen 1 entered 2 recruiting 3 commissioned 4 lost 5 owned by another
    associated_concentrator: str


@dataclass(frozen=True, slots=True)
class Repeater:
    """One row of the repeater table: the path by which a meter is reached."""

    mac: bytes
    row: int
    level: int
    repeaters: tuple[bytes | None, bytes | None, bytes | None]
    quality: int
    updated: int | None


Record = (
    LoadProfileRun
    | MeasurandRun
    | DailyClosure
    | CurrentData
    | VoltageVariation
    | InterruptionCounters
    | AlarmWord
    | MeterEvent
    | InterruptionEnded
    | Node
    | Repeater
)


def lines_in(record: Record) -> int:
    """How many sample lines a record may become: the measure that bounds a batch."""
    if isinstance(record, LoadProfileRun):
        return record.count * sum(channel is not None for channel in record.channels)
    if isinstance(record, MeasurandRun):
        return len(record.values)
    return 1
