"""How grave an event is: one severity per kind, and per alarm.

Scale: 1 "very high" to 5 "very low" (003, EndDeviceEvents.EndDeviceEvent.severity). Which kind has
which is assumed: all samples print 0. Source: `codes/severities.csv`.
"""

from hes.domain.alarms import Alarm
from hes.domain.catalogue import rows
from hes.domain.events import EventKind

SEVERITIES: dict[str, int] = {row["name"]: int(row["severity"]) for row in rows("severities")}
"""By the value of an EventKind that lines print, or the name of an Alarm."""


def severity_of(kind: EventKind, alarm: Alarm | None = None) -> int:
    """The severity of a kind that lines print; that of the alarm for METER_ALARM."""
    return SEVERITIES[alarm.name if alarm else kind]
