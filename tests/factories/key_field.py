"""Meters with keys that change hands, on real sockets; every counter under a key is watched."""

from collections import Counter
from contextlib import contextmanager
from unittest import mock

from django.db import connection

from devices import keys
from devices.choices import Holder, KeyState, ProcessState, SecretRole
from devices.drivers.cosem.driver import CosemDriver
from devices.models import Concentrator, DeviceSecret, Meter
from devices.protocol.security import Opener
from devices.simulator.key_holder import GAK, GUEK, MASTER
from devices.simulator.population import METERS_AT_MOST, Fleet
from hes.demo.field import load_public_keys
from tests.factories.engines import at_work
from tests.factories.processes import wait_until
from tests.factories.simulated import QUICK, give_keys, listening, provision
from tests.factories.visits import quick_company
from workorders import backoff, submission
from workorders.engine import Engine, Options
from workorders.models import OrderEvent, WorkOrder
from workorders.requests import Request
from workorders.states import FINAL

ROLES = {GUEK: SecretRole.ENCRYPTION, GAK: SecretRole.AUTHENTICATION, MASTER: SecretRole.MASTER}


class KeyField:
    """One company, concentrators, meters in service with keys of their own."""

    def __init__(self, concentrators: int = 1, meters: int = 3):
        self.fleet = Fleet.generate(1, concentrators, meters)
        self.concentrators = list(self.fleet.concentrators)
        self.concentrator = self.concentrators[0]
        self.company = quick_company("America/Santiago")
        self.meters = list(self.fleet.meters)

    @contextmanager
    def running(self):
        """Provisioned and listening; nobody visits."""
        with listening(self.fleet) as field:
            self.field = field
            self.device = field.device(self.concentrator.serial)
            provision(self.company, self.fleet, field)
            load_public_keys(self.fleet)
            give_keys(self.company, self.fleet.meters)
            yield self
        connection.close()

    @contextmanager
    def visited(self):
        """An engine serves it; a session that a lost answer left open is waited for shortly."""
        driver = CosemDriver(pause=0.01, tag_orders=True)
        engine = Engine(lambda _: driver, Options(limits=QUICK, poll=0.05))
        with mock.patch.object(backoff, "BUSY_SECONDS", (0.3, 0.6)), at_work(engine):
            yield

    def submit(self, kind, meter=None, concentrator=None):
        serial = (concentrator or self.concentrator).serial
        about = {"meter": meter.serial} if meter else {"concentrator": serial}
        request = Request(
            kind=kind, company_id=self.company.pk, requested_by="ada", priority=9, **about
        )
        [answer] = submission.submit([request])
        assert answer.rejected is None, answer.rejected
        return answer.order_id

    def order(self, kind, meter=None, seconds=30):
        """Submit it and wait for its end."""
        pk = self.submit(kind, meter)
        wait_until(lambda: WorkOrder.objects.get(pk=pk).state in FINAL, seconds=seconds)
        return WorkOrder.objects.get(pk=pk)

    # --- what is held and what is stored ----------------------------------------------------------

    def row(self, meter) -> Meter:
        return Meter.objects.get(serial_number=meter.serial)

    def make_new(self, meter):
        """As delivered: its model's public keys, nothing of its own in the store."""
        self.field.holdings.meter(meter).is_new = True
        row = self.row(meter)
        keys.forget(Holder.METER, [row.pk])
        Meter.objects.filter(pk=row.pk).update(process_state=ProcessState.TO_CONFIGURE)

    def held(self, meter) -> dict[SecretRole, bytes]:
        serial = self.fleet.concentrator(meter.number // METERS_AT_MOST).serial
        holder = self.field.device(serial).node_keys(meter)
        return {role: holder[key] for key, role in ROLES.items()}

    def stored(self, meter) -> dict[SecretRole, bytes]:
        place = Holder.METER, self.row(meter).pk
        return keys.load([place]).get(place, {})

    def agrees(self, meter) -> bool:
        """What is ACTIVE is what the meter holds, and nothing waits."""
        place, held = (Holder.METER, self.row(meter).pk), self.held(meter)
        rings = keys.load_sets([place]).get(place, {})
        active = rings[KeyState.ACTIVE].values
        return set(rings) == {KeyState.ACTIVE} and active == {role: held[role] for role in active}

    def is_public(self, meter) -> bool:
        """It holds its model's set, and nothing of its own serves or waits."""
        rings = keys.load_sets([(Holder.METER, self.row(meter).pk)])
        return tuple(self.held(meter).values()) == meter.public_keys and not rings

    def concentrator_agrees(self, concentrator) -> bool:
        """ACTIVE is what the concentrator takes, and it is not what it was delivered with."""
        row = Concentrator.objects.get(serial_number=concentrator.serial)
        place = Holder.CONCENTRATOR, row.pk
        rings = keys.load_sets([place])[place]
        held = self.field.device(concentrator.serial).key_holder().pair
        active = tuple(rings[KeyState.ACTIVE].values[role] for role in keys.PAIR)
        return set(rings) == {KeyState.ACTIVE} and active == held != concentrator.keys

    def known_by_concentrator(self, meter) -> list[tuple[bytes, ...]]:
        kept = self.field.holdings.concentrator(self.concentrator.serial).meter_keys
        return [tuple(map(bytes.fromhex, pair)) for pair in kept.get(meter.mac.hex(), [])]


def history(order) -> list[str]:
    """Texts of the steps, oldest first."""
    found = OrderEvent.objects.filter(order_id=order.pk, cause="step").order_by("at", "id")
    return list(found.values_list("text", flat=True))


def key_states(holder: Holder, holder_id: int) -> Counter[str]:
    rows = DeviceSecret.objects.filter(holder=holder, holder_id=holder_id, role="encryption")
    return Counter(rows.values_list("state", flat=True))


@contextmanager
def watched_counters(monkeypatch):
    """All (key, title, counter) of GCM operations that a device has opened."""
    seen: Counter[tuple[bytes, bytes, bytes]] = Counter()
    genuine = Opener._open_body

    def watching(opener, body):
        plain = genuine(opener, body)
        seen[opener._keys._encryption.key, opener._title, body[1:5]] += 1
        return plain

    monkeypatch.setattr(Opener, "_open_body", watching)
    yield seen
