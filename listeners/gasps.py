"""What believed messages mean: an event for lines and stream, and a change of who is dark. Pure."""

from devices.events import Event
from devices.protocol.spontaneous import Kind
from hes.domain.events import EventKind
from hes.domain.time import local_stamp, stamp_at
from listeners.known import Known
from listeners.models import PowerSource
from listeners.power import Change

_EVENTS = {
    Kind.CONCENTRATOR_OFF: EventKind.CONCENTRATOR_DARK,
    Kind.CONCENTRATOR_ON: EventKind.CONCENTRATOR_LIT,
    Kind.METER_LOST: EventKind.METER_LOST,
    Kind.METER_BACK: EventKind.METER_BACK,
}
_DARK = frozenset({Kind.CONCENTRATOR_OFF, Kind.METER_LOST})


def event_of(known: Known) -> Event | None:
    """The event that lines and screens show; None for what is only kept.

    Lines of concentrators print the device's own stamp as it is, lines of meters the receipt (000
    3.3.2); where the stamp is not believed the receipt stands for it (*assumed*).
    """
    kind = _EVENTS.get(known.message.kind)
    if kind is None:
        return None
    concentrator, meter = known.sender
    is_stamped = meter is None and not known.stamp.is_doubted
    return Event(
        kind,
        known.sender.company_id,
        known.concentrator_id,
        concentrator.name if concentrator else "",
        known.meter_id,
        meter.serial if meter else "",
        meter.pod if meter else "",
        device_at=None if known.stamp.is_doubted else known.stamp.at,
        date=local_stamp(known.stamp.local, 0) if is_stamped else stamp_at(known.arrived.received),
    )


def change_of(known: Known) -> Change | None:
    """What it says of power; None where it says nothing of it."""
    kind, (concentrator, meter) = known.message.kind, known.sender
    if kind not in _EVENTS:
        return None
    is_own_clock = meter is None or not known.message.mac
    return Change(
        known.sender.company_id,
        known.concentrator_id,
        known.meter_id,
        kind in _DARK,
        known.arrived.received,
        known.stamp.believed(),
        None if is_own_clock or concentrator is None else concentrator.id,
        PowerSource.GASP,
    )
