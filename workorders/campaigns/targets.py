"""Whom a campaign is for: chosen once, when it is created, in one statement for all.

The order within a campaign is by a hash of the serial, so that the canary group is spread over the
field and not all behind one concentrator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from hes.domain.errors import HesError
from workorders.activities.orders.base import OrderActivity, Target

SHOWN = 5
COMPANY = "company"
"""In place of a concentrator's serial: all devices of the company."""

_METERS = """
SELECT m.id AS meter, NULL::bigint AS concentrator, m.serial_number AS serial
FROM meter m JOIN meter_model d ON d.id = m.model_id
WHERE m.company_id = %(company)s AND (m.serial_number = ANY(%(serials)s)
        OR %(serials)s::text[] IS NULL AND m.state = 'commissioned')
    AND %(model)s IN ('', d.code)
    AND (%(of)s IN ('', 'company') OR EXISTS (SELECT FROM association a
        JOIN concentrator c ON c.id = a.concentrator_id
        WHERE a.meter_id = m.id AND a.validity @> now() AND c.serial_number = %(of)s))
    AND NOT (%(is_guarded)s AND EXISTS (SELECT FROM protected_point p
        JOIN meter_installation i ON i.usage_point_id = p.usage_point_id
        WHERE i.meter_id = m.id AND i.validity @> now()))
"""
_CONCENTRATORS = """
SELECT NULL::bigint AS meter, c.id AS concentrator, c.serial_number AS serial FROM concentrator c
WHERE c.company_id = %(company)s AND (c.serial_number = ANY(%(serials)s)
        OR %(serials)s::text[] IS NULL AND c.state = 'initialised')
    AND %(of)s IN ('', 'company', c.serial_number)
"""
_CHOOSE = """
INSERT INTO campaign_target (campaign_id, wave, meter_id, concentrator_id)
SELECT %(campaign)s, CASE WHEN n <= %(canary)s THEN 0
        ELSE 1 + (n - %(canary)s - 1) / %(wave)s END, meter, concentrator
FROM (SELECT meter, concentrator,
        row_number() OVER (ORDER BY md5(%(campaign)s || ':' || serial)) AS n
    FROM ({chosen}) chosen) numbered
"""
_STRANGERS = """
SELECT serial FROM unnest(%(serials)s::text[]) WITH ORDINALITY AS given(serial, n)
WHERE NOT EXISTS (SELECT FROM {table} d
    WHERE d.company_id = %(company)s AND d.serial_number = given.serial)
ORDER BY n LIMIT %(shown)s
"""
_WAVES = """
INSERT INTO campaign_wave (campaign_id, number, size)
SELECT campaign_id, wave, count(*) FROM campaign_target WHERE campaign_id = %s
GROUP BY campaign_id, wave ORDER BY wave
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """Devices that fit all that is given: serials of a file, a meter model, `of` a concentrator
    (its serial) or COMPANY."""

    serials: Sequence[str] | None = None
    model: str = ""
    of: str = ""

    def is_given(self) -> bool:
        """Whether anything is: a campaign for nobody in particular is a slip."""
        return bool(self.serials is not None or self.model or self.of)


def choose(
    cursor: CursorWrapper,
    campaign: tuple[int, int],
    activity: OrderActivity,
    choice: Choice,
    sizes: tuple[int, int],
) -> int:
    """Store targets and waves of (campaign, company); returns how many targets.

    `sizes` are those of canary group and waves. HesError for serials that the company does not
    know, and where nobody is left.
    """
    is_meters = activity.target is Target.METER
    if choice.model and not is_meters:
        raise HesError(f"{activity.kind} is for concentrators: they have no meter model")
    values: dict[str, Any] = {
        "campaign": campaign[0], "company": campaign[1], "canary": sizes[0], "wave": sizes[1],
        "serials": None if choice.serials is None else list(choice.serials), "shown": SHOWN,
        "model": choice.model, "of": choice.of, "is_guarded": activity.guarded,
    }  # fmt: skip
    if choice.serials is not None:
        _refuse_strangers(cursor, "meter" if is_meters else "concentrator", values)
    chosen = _METERS if is_meters else _CONCENTRATORS
    cursor.execute(_CHOOSE.format(chosen=chosen), values)
    if not (count := cursor.rowcount):
        raise HesError("no device fits: see --file, --model, --all-of")
    cursor.execute(_WAVES, [campaign[0]])
    return int(count)


def _refuse_strangers(cursor: CursorWrapper, table: str, values: dict[str, Any]) -> None:
    cursor.execute(_STRANGERS.format(table=table), values)
    if found := [serial for (serial,) in cursor.fetchall()]:
        more = " ..." if len(found) == SHOWN else ""
        raise HesError(f"the company has no {table} {', '.join(found)}{more} - nothing was stored")
