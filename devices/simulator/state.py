"""What a simulated device remembers: nothing but its deviations from the pure model."""

from dataclasses import dataclass, field

from devices.protocol.axdr import Data
from devices.simulator.cycles import EPOCH
from devices.simulator.images import ImageStore

# A device that restarts must not fall behind its own counters, and nothing is stored: they begin at
# eight per second since 2020. 2**32 is reached in 2037.
COUNTERS_PER_SECOND = 8
NOBODY = bytes(6)


@dataclass(slots=True)
class Counters:
    """Invocation counters of one key pair: the next of ours, the last accepted of the client."""

    following: int
    client: int = -1

    @classmethod
    def started(cls, now: float) -> "Counters":
        """Those of a device that starts now."""
        return cls(int(now - EPOCH) * COUNTERS_PER_SECOND)

    def draw(self) -> int:
        """The next counter of ours."""
        self.following += 1
        return self.following


@dataclass(slots=True)
class GatewayResult:
    """How the last prefixed request ended (object 0.0.96.59.0)."""

    mac: bytes = NOBODY
    code: int = 0
    hops: int = 0
    delivered: bool = False
    at: int = 0


@dataclass(slots=True)
class Memory:
    """Everything one concentrator holds, of itself (MAC `NOBODY`) and of its meters.

    `away`: MAC -> until when, by the monotonic clock, a device restarts.
    """

    counters: Counters
    drift: float = 0.0
    daylight_saving: Data = None
    gateway: GatewayResult = field(default_factory=GatewayResult)
    under: dict[tuple[bytes, bytes], Counters] = field(default_factory=dict, repr=False)
    images: dict[bytes, ImageStore] = field(default_factory=dict)
    away: dict[bytes, float] = field(default_factory=dict)

    def counted_under(self, device: bytes, key: bytes, now: float) -> Counters:
        """The counters of a device under one of its encryption keys, made when it is first used.

        They outlast a change of keys and back: a value never comes twice under a key.
        """
        return self.under.setdefault((device, key), Counters.started(now))
