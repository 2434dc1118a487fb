"""What a company lets out as lines, and how it wants concentrators' events rendered."""

from dataclasses import dataclass

from devices.parameters import parameters_of
from hes.domain.alarms import Alarm
from hes.domain.events import EventKind

LIFE_CYCLE = frozenset(
    {
        EventKind.METER_ASSOCIATED,
        EventKind.METER_DISASSOCIATED,
        EventKind.METER_COMMISSIONED,
        EventKind.METER_DECOMMISSIONED,
    }
)
_AS_METER = {
    EventKind.CONCENTRATOR_UNREACHABLE: EventKind.METER_UNREACHABLE,
    EventKind.CONCENTRATOR_REACHABLE: EventKind.METER_REACHABLE,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings `commissioning_lines`, `alarms_off`, `concentrator_events_as_meter` and
    `severity_in_lines`.
    """

    has_life_cycle: bool
    alarms_off: frozenset[str]
    concentrators_as_meters: bool
    prints_severity: bool  # else lines print 0, as all samples do

    def lets_out(self, kind: EventKind, alarm: Alarm | None) -> bool:
        """Whether an event makes a line; screens show it in any case."""
        if alarm:
            return alarm.name not in self.alarms_off
        return self.has_life_cycle or kind not in LIFE_CYCLE

    def rendered_as(self, kind: EventKind) -> EventKind:
        """The kind whose code is printed."""
        return _AS_METER.get(kind, kind) if self.concentrators_as_meters else kind


def rules_of(company_id: int) -> Rules:
    """The rules of a company; one query."""
    settings = parameters_of(company_id)
    return Rules(
        has_life_cycle=settings.flag("commissioning_lines"),
        alarms_off=frozenset(filter(None, settings.text("alarms_off").split(","))),
        concentrators_as_meters=settings.flag("concentrator_events_as_meter"),
        prints_severity=settings.flag("severity_in_lines"),
    )
