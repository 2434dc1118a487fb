"""Two of our connections wired together, and the device they talk about."""

from collections.abc import Callable
from itertools import count

from devices.protocol import events
from devices.protocol.apdu import Attribute
from devices.protocol.association import Mechanism
from devices.protocol.axdr import I8, U32, Enum
from devices.protocol.connection import ClientConnection, ClientSettings
from devices.protocol.errors import ActionStatus, DataAccess
from devices.protocol.gateway import GatewayAddress
from devices.protocol.objects import CLOCK, Clock, DataObject, Register
from devices.protocol.security import Keys
from devices.protocol.server import Policy, ServerSession, ServerSettings, ServerStream
from devices.protocol.services import Encoded, Returned

KEYS = Keys(bytes(range(16)), bytes(range(16, 32)))
OTHER_KEYS = Keys(bytes(16), bytes(range(16, 32)))
CLIENT_TITLE, SERVER_TITLE = b"HES\x00\x01\x00\x00\x01", b"MTR\x0e\x24\x0e\x99\x5a"
METER = GatewayAddress(bytes.fromhex("860E240E995A"))
NOW = bytes.fromhex("07EA0B14050A0F000000B480")
ENERGY = Register.at("1.0.1.8.0")
NAME = DataObject.at("0.0.42.0.0")
BUFFER = Attribute(7, bytes.fromhex("0000603302FF"), 2)
SWITCH = Attribute(70, bytes.fromhex("000060030AFF"), 2)


class Device:
    """Holds a few values; remembers what was set and done."""

    def __init__(self) -> None:
        self.values = {
            CLOCK.attribute(Clock.TIME): NOW,
            ENERGY.attribute(2): U32(123456),
            ENERGY.attribute(3): (I8(0), Enum(30)),
            NAME.attribute(2): b"LVC0000000000001",
        }
        self.done = []
        self.asked = []
        self.rows = [b"\x02\x01\x06" + n.to_bytes(4, "big") for n in range(500)]

    def get(self, peer, attribute, selection):
        self.asked.append((peer, attribute, selection))
        if attribute == BUFFER:
            return Encoded([b"\x01\x82\x01\xf4", *self.rows])
        return self.values.get(attribute, DataAccess.OBJECT_UNDEFINED)

    def set(self, peer, attribute, value):
        if attribute not in self.values:
            return DataAccess.OBJECT_UNDEFINED
        self.values[attribute] = value
        return DataAccess.SUCCESS

    def action(self, peer, method, value):
        self.done.append((method, value))
        return Returned(value) if method.index == 2 else ActionStatus.SUCCESS


def settings_of(mechanism: Mechanism, **changes) -> ClientSettings:
    """A client's settings that `World` accepts."""
    given = {
        Mechanism.NONE: {"client": 16},
        Mechanism.LLS: {"client": 2, "secret": b"password"},
        Mechanism.HLS5_GMAC: {
            "client": 1,
            "keys": KEYS,
            "title": CLIENT_TITLE,
            "challenge": bytes(range(16)),
        },
    }[mechanism]
    return ClientSettings(**{"mechanism": mechanism, **given, **changes})


POLICIES = {
    16: Policy(),
    2: Policy(Mechanism.LLS, secret=b"password"),
    1: Policy(Mechanism.HLS5_GMAC, keys=KEYS),
    3: Policy(Mechanism.NONE, keys=KEYS),
}


class World:
    """A client and a device on one wire; `tamper` may change the device's framed answers."""

    def __init__(
        self,
        settings: ClientSettings,
        *,
        server_max_pdu: int = 8192,
        tamper: Callable[[bytes], bytes] = bytes,
        lenient: bool = False,
        first_counter: int = 100,
    ) -> None:
        self.device = Device()
        self.used = []
        self.session = ServerSession(
            ServerSettings(POLICIES, SERVER_TITLE, server_max_pdu, lenient),
            self.device,
            next_counter=count(1).__next__,
            challenge=lambda: bytes(range(50, 66)),
        )
        self._counters = count(first_counter)
        self.client = ClientConnection(settings, self.next_counter)
        self.stream = ServerStream()
        self.tamper = tamper
        self.exchanges = 0

    def next_counter(self) -> int:
        self.used.append(next(self._counters))
        return self.used[-1]

    def serve(self, out: bytes) -> bytes:
        requests = self.stream.receive(out)
        self.exchanges += len(requests)
        return b"".join(r.framed(self.session.answer(r.client, r.apdu)) for r in requests)

    def ask(self, out: bytes) -> events.Event | None:
        """The event that ends the exchange begun by `out`; None when the answer is incomplete."""
        while True:
            received = self.client.receive(self.tamper(self.serve(out)))
            if not received or not isinstance(received[0], events.ToSend):
                return received[0] if received else None
            out = received[0].data
