"""A network in the database whose power comes and goes: for tests of outages."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from devices.choices import ConcentratorState
from devices.models import Company, Concentrator, Meter, Substation, Transformer
from devices.parameters import change
from listeners import outage_store
from listeners.models import Outage, PowerSource
from listeners.power import Change, record
from tests.factories import fleets


def noon() -> datetime:
    """Of today: partitions are there, and no midnight is near."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@dataclass
class Site:
    """A transformer with one concentrator and its meters."""

    transformer: Transformer | None
    concentrator: Concentrator
    meters: list[Meter]


@dataclass
class World:
    """A company, its sites, and a clock that only `at` moves."""

    owner: Company
    sites: list[Site] = field(default_factory=list)
    begin: datetime = field(default_factory=noon)

    def substation(self, name: str = "SE-1") -> Substation:
        return Substation.objects.create(company=self.owner, name=name, time_zone="UTC")

    def site(
        self, substation: Substation | None, meters: int = 10, has_transformer: bool = True
    ) -> Site:
        number = len(self.sites) + 1
        above = (
            Transformer.objects.create(
                company=self.owner, substation=substation, code=f"TR-{number}"
            )
            if has_transformer and substation
            else None
        )
        made = self.concentrator(above, substation, number)
        self.sites.append(Site(above, made, fleets.meters(made, meters, first=1000 * number + 1)))
        return self.sites[-1]

    def concentrator(
        self, above: Transformer | None, substation: Substation | None, number: int
    ) -> Concentrator:
        made = fleets.concentrator(self.owner, None, name=f"TD-{number}")
        made.transformer, made.substation = above, substation
        made.state = ConcentratorState.INITIALISED
        made.host, made.port = "127.10.0.9", 4000 + number
        made.save()
        return made

    def at(self, seconds: float) -> datetime:
        return self.begin + timedelta(seconds=seconds)

    def look(self, seconds: float) -> int:
        """As the listener looks: as long as there is something to do."""
        done = 0
        while found := outage_store.look(self.at(seconds)):
            done += found
        return done

    def off(self, devices: Iterable[Concentrator | Meter], seconds: float) -> None:
        self.tell(devices, True, seconds)

    def on(
        self,
        devices: Iterable[Concentrator | Meter],
        seconds: float,
        source: PowerSource = PowerSource.GASP,
        heard: float | None = None,
    ) -> None:
        self.tell(devices, False, seconds, source, heard)

    def tell(
        self,
        devices: Iterable[Concentrator | Meter],
        is_dark: bool,
        seconds: float,
        source: PowerSource = PowerSource.GASP,
        heard: float | None = None,
    ) -> None:
        """What is heard later than it happened has a stamp."""
        moment = self.at(seconds).timestamp()
        told = [_change(device, is_dark, moment, source) for device in devices]
        if heard is not None:
            receipt = self.at(heard).timestamp()
            told = [one._replace(heard_at=receipt, stamped_at=moment) for one in told]
        with transaction.atomic(), connection.cursor() as cursor:
            record(cursor, told)


def _change(
    device: Concentrator | Meter, is_dark: bool, moment: float, source: PowerSource
) -> Change:
    is_meter = isinstance(device, Meter)
    concentrator, meter = (None, device.pk) if is_meter else (device.pk, None)
    return Change(device.company_id, concentrator, meter, is_dark, moment, source=source)


def world(zone: str = "UTC", code: str = "demo") -> World:
    """Returns of power are heard at once, unless a test says otherwise."""
    fleets.make_partitions()
    made = World(fleets.company(zone, code))
    change(made.owner, "outage_return_delay", "0")
    return made


def told(level: str | None = None) -> list[tuple[str, str, str, int, int]]:
    """(level, name, state, customers, customers out) of all outages, or those of a level."""
    rows = Outage.objects.order_by("pk")
    names = ("level", "name", "state", "customers", "customers_out")
    return list((rows.filter(level=level) if level else rows).values_list(*names))


def events() -> list[tuple[str, ...]]:
    """(event, level, customers) of the OUT lines, in order."""
    cells = [line.split(";") for line in fleets.lines("OUT")]
    return [(cell[6], cell[7], cell[11]) for cell in cells]


def span(outage: Outage, world: World) -> tuple[float, float | None]:
    """Seconds of `since` and `until` on the world's clock."""
    until = (outage.until - world.begin).total_seconds() if outage.until else None
    return (outage.since - world.begin).total_seconds(), until
