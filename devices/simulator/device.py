"""A simulated concentrator with its meters, without any socket: what faults bend, what sessions
ask."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from devices.protocol.association import Mechanism
from devices.protocol.errors import DataAccess
from devices.protocol.security import Keys, Sealer
from devices.protocol.server import Policy, ServerSession, ServerSettings
from devices.simulator import key_holder, nameplate, pushing
from devices.simulator.changes import ChangeFault, Execute, Outcome, counted
from devices.simulator.concentrator import ConcentratorObjects
from devices.simulator.cycles import Rounds
from devices.simulator.entries import MeterEntry, default_entry
from devices.simulator.holdings import Holdings
from devices.simulator.images import CONCENTRATOR as CONCENTRATOR_MODEL
from devices.simulator.images import ImageSlot, ImageStore
from devices.simulator.key_holder import GAK, GUEK, MASTER, KeyHolder
from devices.simulator.local import LocalClock
from devices.simulator.mailbox import Mailbox
from devices.simulator.membership import Members, Recruiter
from devices.simulator.meter import MeterObjects
from devices.simulator.orders import Inside, image
from devices.simulator.plc import PowerLine, level
from devices.simulator.population import Concentrator, Meter
from devices.simulator.state import NOBODY, Counters, GatewayResult, Memory
from devices.simulator.tables.view import Distortion, View

if TYPE_CHECKING:
    from devices.simulator.server import Line

PUBLIC, MANAGEMENT, COMMISSIONING = 16, 1, 2
CONCENTRATOR_PDU, METER_PDU = 8192, 1024
CONCENTRATOR_BLOCK, METER_BLOCK = 4096, 200
"""Bytes of an image's block at concentrators and behind the gateway (profile 3.1, 4.2)."""
CHALLENGE = 16


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """How the field behaves, the same for all of it.

    `cycle_scale` divides the cycle lengths; `plc_factor` scales the power line's delays, 0 answers
    at once; `recruit_failures` is the share of attempts to recruit a meter that fail; `idle_limit`
    is how long, in seconds, a concentrator keeps a silent connection; `now` is the field's clock
    (UTC epoch seconds). A device that starts a new image is away for `restart_seconds`; its
    verification lasts `verify_looks` looks at its status.
    """

    cycle_scale: int = 1
    answer_share: float = 0.97
    silent_share: float = 0.0
    retention_days: int | None = None
    compact: bool = False
    plc_factor: float = 0.0
    lenient_counter: bool = False
    recruit_failures: float = 0.1
    idle_limit: float = 60.0
    now: Callable[[], float] = time.time
    restart_seconds: float = 0.0
    verify_looks: int = 0

    def rounds(self, seed: int) -> Rounds:
        """The collection rounds of a field."""
        return Rounds(seed, self.cycle_scale, self.answer_share, self.silent_share)


class WireFault(Protocol):
    """Sends an answer in its own way."""

    async def send(self, line: "Line", number: int, frame: bytes) -> None:
        """Answer `number` (from 0) of a connection."""


class ImageFault(Protocol):
    """Harms images on their way."""

    def bend(self, store: ImageStore, number: int, block: bytes) -> bytes | None:
        """What is kept of a block; None: nothing."""


class Fault(Protocol):
    """Something wrong with a device; made with one amount whose meaning is the fault's own."""

    def __init__(self, amount: float = ...) -> None: ...

    def install(self, device: "Device") -> None:
        """Bend the device."""


class Device:
    """One concentrator: what it shows, what it remembers, who is connected.

    Public attributes are what faults and tests may change.
    """

    __slots__ = (
        "change_faults", "concentrator", "distort", "entries", "guests", "holdings", "image_faults",
        "keys", "late", "line", "listens", "local", "medium", "memory", "options", "power_line",
        "replays", "rounds", "serial", "wire",
    )  # fmt: skip

    def __init__(
        self,
        concentrator: Concentrator,
        zone: ZoneInfo,
        options: FieldOptions,
        holdings: Holdings | None = None,
    ) -> None:
        self.concentrator = concentrator
        self.holdings = holdings or Holdings()
        for meter in concentrator.new_meters:
            self.holdings.arrive(meter)
        self.change_faults: list[ChangeFault] = []
        self.image_faults: list[ImageFault] = []
        self.medium = asyncio.Lock()  # the power line
        self.late = 0.0  # seconds the next answer waits
        self.options = options
        self.local = LocalClock(zone)
        self.rounds = options.rounds(concentrator.seed)
        self.power_line = PowerLine(concentrator.seed, options.plc_factor)
        self.memory = Memory(Counters.started(options.now()))
        self.serial = concentrator.serial
        self.keys: tuple[bytes, bytes] | None = None  # None: its own
        self.guests: tuple[Meter, ...] = ()
        self.entries: dict[str, MeterEntry] = {}
        self.distort: Distortion | None = None
        self.replays = False
        self.listens = True
        self.wire: WireFault | None = None
        self.line: Line | None = None

    def silence(self, meters: Iterable[Meter]) -> None:
        """From now on these meters answer neither in cycles nor through the gateway."""
        serials = frozenset(meter.serial for meter in meters)
        self.rounds = replace(self.rounds, silent=self.rounds.silent | serials)

    def view(self) -> View:
        """Its tables as they stand now."""
        now = int(self.options.now())
        members = self._members()
        touched = dict(members.touched(now))
        since = {meter.serial: standing.since for meter, standing in touched.items()}
        return View(
            self.serial, self.concentrator.on_the_line, replace(self.rounds, since=since),
            self.local, now, self.options.retention_days, self.guests, self.distort,
            self.entries | members.entries(touched), self.holdings.meters, touched,
        )  # fmt: skip

    def _members(self) -> Members:
        held = self.holdings.concentrator(self.concentrator.serial)
        failing = self.options.recruit_failures
        recruiter = Recruiter(self.rounds, self.power_line, failing, self._opens)
        return Members(self.concentrator, held, recruiter)

    def _opens(self, meter: Meter) -> bool:
        """Whether the concentrator knows the pair that a meter holds; those it has always served
        it knows from the beginning."""
        name, pair = meter.mac.hex(), [key.hex() for key in self.node_keys(meter).pair]
        known = self.holdings.concentrator(self.concentrator.serial).meter_keys.get(name)
        return pair in known if known else not self.holdings.meter(meter).is_new

    def session(self) -> ServerSession:
        """A new association with the concentrator itself."""
        if self.replays:
            self.memory.counters.following = 0
        holder = self.key_holder()
        keys = self.keys or holder.pair
        self._count_under(keys[0])
        policies = {PUBLIC: Policy(), MANAGEMENT: Policy(Mechanism.HLS5_GMAC, keys=Keys(*keys))}
        if not self.holdings.concentrator(self.concentrator.serial).is_mutual:
            secret = self.concentrator.secret("maa_password")
            policies[COMMISSIONING] = Policy(Mechanism.LLS, secret)
        title, lenient = self.concentrator.system_title, self.options.lenient_counter
        settings = ServerSettings(policies, title, CONCENTRATOR_PDU, lenient)
        return _session(settings, self.objects(), self.memory.counters)

    def objects(self) -> ConcentratorObjects:
        """What a new association sees of the concentrator."""
        holder = self.key_holder()
        mailbox = Mailbox(
            self.concentrator.serial, self.holdings, self.memory, self._members(), self.reached,
            self.power_line, self.options.now, holder,
        )  # fmt: skip
        objects = ConcentratorObjects(
            self.view, self.options.now, self.memory, self.concentrator.lv_address, mailbox,
            self._changed, compact=self.options.compact,
        )  # fmt: skip
        image.install(objects, self._own_image(), image.CONCENTRATOR_VERSION)
        key_holder.install(objects, holder, self.concentrator.system_title)
        return objects

    def key_holder(self) -> KeyHolder:
        """The keys of the concentrator itself."""
        return KeyHolder(
            {
                GUEK: self.concentrator.keys[0],
                GAK: self.concentrator.keys[1],
                MASTER: self.concentrator.secret("k2_password"),
            },
            self.holdings.concentrator(self.concentrator.serial).keys,
        )

    def node_keys(self, meter: Meter) -> KeyHolder:
        """The keys of one of its meters: a new one came with its model's."""
        holding = self.holdings.meter(meter)
        guek, gak, master = meter.public_keys
        if not holding.is_new:
            guek, gak = meter.encryption_key, meter.authentication_key
        return KeyHolder({GUEK: guek, GAK: gak, MASTER: master}, holding.keys)

    def _count_under(self, key: bytes) -> None:
        """A session counts under the key it was opened with."""
        name, now = self.concentrator.serial.encode(), self.options.now()
        if not self.memory.under:  # the first session goes on with what faults have prepared
            self.memory.under[name, key] = self.memory.counters
        self.memory.counters = self.memory.counted_under(name, key, now)

    def node_session(self, meter: Meter) -> tuple[ServerSession, Counters]:
        """A new association with one of its meters, with the meter's own keys and counters."""
        holder = self.node_keys(meter)
        counters = self.memory.counted_under(meter.mac, holder[GUEK], self.options.now())
        policies = {PUBLIC: Policy(), MANAGEMENT: Policy(Mechanism.HLS5_GMAC, keys=holder.keys)}
        entry = self.entries.get(meter.serial) or default_entry(meter.serial)
        inside = Inside(meter, self.holdings.meter(meter), self.local, self.options.now)
        objects = MeterObjects(entry, inside, counters, partial(self._meter_changed, inside))
        key_holder.install(objects, holder, meter.system_title)
        pushing.install(objects, inside, Sealer(holder.keys, meter.system_title, counters.draw))
        image.install(objects, self._image_of(meter), image.METER_VERSION)
        lenient = self.options.lenient_counter
        settings = ServerSettings(policies, meter.system_title, METER_PDU, lenient)
        return _session(settings, objects, counters), counters

    def _changed(self, _: str, execute: Callable[[], Outcome]) -> DataAccess:
        """A change of the concentrator itself: kept, unless a fault is before it."""
        serial = self.concentrator.serial
        return self._harmed(partial(self._kept, serial, partial(counted, _nothing, execute)))

    def _meter_changed(
        self, inside: Inside, tag: int, what: str, execute: Callable[[], Outcome]
    ) -> DataAccess:
        """A change of a meter: counted under its tag and kept, unless a fault is before it."""
        count = partial(inside.holding.count, tag, what)
        name = inside.meter.mac.hex()
        return self._harmed(partial(self._kept, name, partial(counted, count, execute)))

    def _kept(self, name: str, execute: Execute) -> DataAccess:
        outcome = execute()
        self.holdings.keep(name)
        return outcome

    def _harmed(self, execute: Execute) -> DataAccess:
        for fault in self.change_faults:
            if fault.strikes():
                return fault.harm(execute)
        return execute()

    def reached(self, mac: bytes) -> Meter | None:
        """The meter with a MAC address if it can be reached."""
        meter = self.concentrator.meter(mac)
        if meter is None or self.rounds.is_silent(meter.serial) or self.is_away(mac):
            return None
        return meter

    # --- images -------------------------------------------------------------------------------

    def is_away(self, mac: bytes = NOBODY) -> bool:
        """Whether the concentrator, or a meter, is restarting or without power."""
        return self.memory.away.get(mac, 0.0) > time.monotonic()

    def restart(self, store: ImageStore) -> None:
        """The device that holds an image is away for a while."""
        mac = next(mac for mac, held in self.memory.images.items() if held is store)
        self.memory.away[mac] = time.monotonic() + self.options.restart_seconds

    def store(self, mac: bytes, model: str, block_size: int) -> ImageStore:
        """Where the image of a device is kept."""
        fresh = ImageStore(model, block_size, self.options.verify_looks)
        return self.memory.images.setdefault(mac, fresh)

    def _own_image(self) -> ImageSlot:
        held = self.holdings.concentrator(self.concentrator.serial)
        store = self.store(NOBODY, CONCENTRATOR_MODEL, CONCENTRATOR_BLOCK)

        def run(version: str) -> None:
            held.software = version
            self.restart(store)

        return ImageSlot(store, self._bent, lambda: held.software, run)

    def _image_of(self, meter: Meter) -> ImageSlot:
        held = self.holdings.meter(meter)
        store = self.store(meter.mac, nameplate.model(meter.serial), METER_BLOCK)

        def run(version: str) -> None:
            held.firmware = version
            self.restart(store)

        return ImageSlot(store, self._bent, lambda: held.firmware, run)

    def _bent(self, store: ImageStore, number: int, block: bytes) -> bytes | None:
        kept: bytes | None = block
        for fault in self.image_faults:
            kept = fault.bend(store, number, block) if kept == block else kept
        return kept

    def note_gateway(self, mac: bytes, meter: Meter | None, *, delivered: bool) -> None:
        """Remember how a prefixed request ended: `meter` is who answered."""
        code = 0 if meter else self.power_line.failure(self.concentrator.meter(mac))
        now = int(self.options.now())
        hops = level(self.rounds.seed, meter) if meter else 0
        self.memory.gateway = GatewayResult(mac, code, hops, delivered, now)


def _nothing() -> None:
    """Jobs are counted by their numbers."""


def _session(
    settings: ServerSettings, objects: ConcentratorObjects | MeterObjects, counters: Counters
) -> ServerSession:
    return ServerSession(
        settings, objects, counters.draw, lambda: os.urandom(CHALLENGE), counters.client
    )
