"""Whether a message may be believed: who sent it, from where, and about whom. Asks a directory.

A datagram proves nothing of who sent it. What is believed comes from the address that the inventory
knows of the sender, or from a relay (a load balancer, an access server: setting), or opened under
the keys of its device. All else is suspect: it is kept and counted, and changes nothing.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import NamedTuple
from zoneinfo import ZoneInfo

from devices.protocol.spontaneous import Kind, Message
from listeners.directory import Concentrator, Directory, Meter, speaks_for_itself

Network = IPv4Network | IPv6Network
_OF_METERS = frozenset({Kind.METER_LOST, Kind.METER_BACK})


class Sender(NamedTuple):
    """Who told, and of which meter; a meter that speaks for itself may be under no concentrator."""

    concentrator: Concentrator | None
    meter: Meter | None

    @property
    def clock(self) -> ZoneInfo | None:
        """The zone of its stamps; None where nobody knows where it stands."""
        return self.concentrator and self.concentrator.clock

    @property
    def company_id(self) -> int:
        """Whose devices they are."""
        return (self.meter or self.concentrator).company_id  # type: ignore[union-attr]


class Suspicion(NamedTuple):
    """Why a message is not believed; `company_id` of the device it claims to be, if known."""

    reason: str
    company_id: int | None = None


class Senders:
    """Judges the messages of one batch. `relays`: networks from which anybody may be heard."""

    def __init__(self, directory: Directory, relays: Sequence[Network]) -> None:
        self._directory = directory
        self._relays = relays
        self._relayed: dict[str, bool] = {}
        self._found: dict[tuple[str, str], Concentrator | Suspicion] = {}

    def of(self, message: Message, source: str, opened_by: int | None) -> Sender | Suspicion:
        """`opened_by`: the meter under whose keys a sealed push opened."""
        if speaks_for_itself(message):
            return self._pushing(message, source, opened_by)
        found = self._concentrator(message.serial, source)
        if isinstance(found, Suspicion):
            return found
        return self._about(message, found) if message.kind in _OF_METERS else Sender(found, None)

    def _concentrator(self, serial: str, source: str) -> Concentrator | Suspicion:
        """The same for all meters of a concentrator, and asked for each."""
        found = self._found.get((serial, source))
        if found is None:
            found = self._found[serial, source] = self._named(serial, source)
        return found

    def _named(self, serial: str, source: str) -> Concentrator | Suspicion:
        named = self._directory.concentrators(serial)
        here = [one for one in named if one.host == source]
        if len(here) == 1:
            return here[0]
        if len(named) == 1:
            return self._elsewhere(named[0], source)
        if named:
            return Suspicion("serial of several")
        return self._by_address(source)

    def _elsewhere(self, named: Concentrator, source: str) -> Concentrator | Suspicion:
        """A known serial from an address that is not its own."""
        if self._is_relay(source):
            return named
        others = {one.company_id for one in self._directory.at(source)}
        is_foreign = bool(others) and named.company_id not in others
        reason = "serial of another company" if is_foreign else "strange address"
        return Suspicion(reason, named.company_id)

    def _by_address(self, source: str) -> Concentrator | Suspicion:
        """An unknown serial: the one concentrator that has this address, if it is no relay's."""
        here = self._directory.at(source)
        if len(here) == 1 and not self._is_relay(source):
            return here[0]
        return Suspicion("unknown serial")

    def _about(self, message: Message, told_by: Concentrator) -> Sender | Suspicion:
        meter = self._directory.meter(message.mac)
        if meter is None:
            return Suspicion("unknown meter", told_by.company_id)
        if meter.company_id != told_by.company_id:
            return Suspicion("meter of another company", told_by.company_id)
        if meter.concentrator_id not in (None, told_by.id):
            return Suspicion("meter of another concentrator", told_by.company_id)
        return Sender(told_by, meter)

    def _pushing(self, message: Message, source: str, opened_by: int | None) -> Sender | Suspicion:
        meter = self._directory.meter(message.serial)
        if meter is None:
            return Suspicion("unknown serial")
        if opened_by not in (None, meter.id):
            return Suspicion("keys of another meter", meter.company_id)
        under = self._directory.concentrator_of(meter)
        is_here = under is not None and under.host == source
        if message.is_proven or is_here or self._is_relay(source):
            return Sender(under, meter)
        return Suspicion("strange address", meter.company_id)

    def _is_relay(self, source: str) -> bool:
        known = self._relayed.get(source)
        if known is None:
            address = ip_address(source)
            known = self._relayed[source] = any(address in relay for relay in self._relays)
        return known
