"""What orders of the life cycle take over from the inventory of a meter (see `preparing`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.utils import CursorWrapper

from devices.choices import Activity, MeterState
from devices.drivers.duties import Collected
from devices.parameters import parameters_of
from hes.domain.dst import normal_offset, summer_times
from hes.domain.energies import BY_CODE
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.summer_times import plain
from workorders.intake import Draft

Prepared = dict[str, Any] | Rejected

# A meter's own profiles go before the procedure's, as in `devices.fleet`.
_INVENTORY = """
SELECT m.id, m.serial_number, a.phase, coalesce(a.row, 0),
    coalesce(s.time_zone, o.time_zone), extract(epoch FROM now())::bigint,
    CASE k.phases WHEN 'poly' THEN dc.poly ELSE dc.mono END,
    CASE k.phases WHEN 'poly' THEN lp.poly ELSE lp.mono END, lp.period,
    ARRAY(SELECT ARRAY[i.register, i.value_type, i.period]::int[] FROM measurand_item i
        WHERE i.profile_id = coalesce(m.measurands_id, p.measurands_id)
        ORDER BY i.register, i.value_type),
    ARRAY(SELECT i.activity FROM procedure_item i WHERE i.profile_id = p.id)
FROM meter m JOIN meter_model k ON k.id = m.model_id
    JOIN association a ON a.meter_id = m.id AND a.validity @> now()
    JOIN concentrator c ON c.id = a.concentrator_id
    JOIN company o ON o.id = c.company_id
    LEFT JOIN substation s ON s.id = c.substation_id
    LEFT JOIN procedure_profile p ON p.id = c.procedure_profile_id
    LEFT JOIN energy_profile dc
        ON dc.is_active AND dc.id = coalesce(m.closure_energy_id, p.closure_energy_id)
    LEFT JOIN energy_profile lp
        ON lp.is_active AND lp.id = coalesce(m.load_profile_energy_id, p.load_profile_energy_id)
WHERE m.id = ANY(%s)
"""
_FLAGS = {
    Activity.CEDATA: Collected.CURRENT_DATA,
    Activity.VOLTAGE_VARIATION: Collected.VARIATION,
    Activity.VOLTAGE_INTERRUPTION: Collected.INTERRUPTION,
}
DEFAULT_PERIOD = 15


@dataclass(frozen=True, slots=True)
class _Known:
    """What the inventory says of one meter. Energies as codes; `now` UTC epoch seconds."""

    serial: str
    phase: int
    row: int
    zone: str
    now: int
    closure: Sequence[int] | None
    profile: Sequence[int] | None
    period: int | None
    measurands: Sequence[Sequence[int]]
    activities: Sequence[str]

    def who(self) -> dict[str, Any]:
        return {"serial": self.serial, "phase": self.phase, "row": self.row}

    def what(self) -> dict[str, Any]:
        """Alarm words come with closures and profiles, so events are always collected."""
        return {
            "closure": _mask(self.closure),
            "profile": _mask(self.profile),
            "period": self.period or DEFAULT_PERIOD,
            "flags": int(sum(map(_flag, self.activities), Collected.EVENTS)),
            "measurands": [list(each) for each in self.measurands],
        }

    def setup(self) -> dict[str, Any]:
        """Zone, the summer time that is or comes next, and the profile's period if it is read."""
        zone = ZoneInfo(self.zone)
        year = datetime.fromtimestamp(self.now, UTC).year
        coming = [each for each in summer_times(zone, year, year + 1) if each[1] > self.now]
        summer = plain(*coming[0]) if coming else {}
        period = {"period": self.period} if self.profile and self.period else {}
        return {"time_zone": -normal_offset(zone, year), **summer, **period}


def commissioning(cursor: CursorWrapper, _: int, drafts: Sequence[Draft]) -> Sequence[Prepared]:
    """Serial, phase and row."""
    return [{**known.who(), **draft.parameters} for draft, known in _each(cursor, drafts)]


def entry(cursor: CursorWrapper, _: int, drafts: Sequence[Draft]) -> Sequence[Prepared]:
    """The whole entry by the profiles of meter, concentrator and company."""
    return [
        draft.parameters
        if draft.parameters.get("delete")
        else {**known.who(), **known.what(), **draft.parameters}
        for draft, known in _each(cursor, drafts)
    ]


def setup(cursor: CursorWrapper, _: int, drafts: Sequence[Draft]) -> Sequence[Prepared]:
    """Zone, summer time and recording period."""
    return [{**known.setup(), **draft.parameters} for draft, known in _each(cursor, drafts)]


def verification(_: CursorWrapper, company: int, drafts: Sequence[Draft]) -> Sequence[Prepared]:
    """How often to look."""
    pause = parameters_of(company).number("recruit_check")
    return [{"pause": pause, **draft.parameters} for draft in drafts]


def decommissioning(_: CursorWrapper, __: int, drafts: Sequence[Draft]) -> Sequence[Prepared]:
    """Only what is in service is taken out of it."""
    return [
        draft.parameters
        if draft.place is not None and draft.place.meter_state == MeterState.COMMISSIONED
        else Rejected("5.2", "the meter is not commissioned: end its association by hand")
        for draft in drafts
    ]


def _each(cursor: CursorWrapper, drafts: Sequence[Draft]) -> list[tuple[Draft, _Known]]:
    """All drafts name a meter under a concentrator: that was checked before."""
    meters = [draft.place.meter if draft.place else None for draft in drafts]
    cursor.execute(_INVENTORY, [meters])
    known: Mapping[int, _Known] = {row[0]: _Known(*row[1:]) for row in cursor.fetchall()}
    return [(draft, known[meter or 0]) for draft, meter in zip(drafts, meters, strict=True)]


def _mask(energies: Sequence[int] | None) -> int:
    return sum(1 << BY_CODE[code].channel for code in energies or () if code in BY_CODE)


def _flag(activity: str) -> Collected:
    return _FLAGS.get(Activity(activity), Collected.NOTHING)
