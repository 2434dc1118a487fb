"""How a duty of devices.drivers.duties becomes exchanges: one function per kind of duty."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from devices.drivers.duties import Answer, Duty
from devices.protocol.apdu import Attribute, Method
from devices.protocol.axdr import Data
from devices.protocol.errors import ProtocolError
from devices.protocol.selective import Selection
from devices.session import errors


class Peer(Protocol):
    """A device that can be asked; changes are sent once. `zone` reads stamps without deviation."""

    @property
    def zone(self) -> ZoneInfo: ...

    @property
    def half_exchange(self) -> float:
        """Seconds that half of the last exchange took."""

    async def get(self, attribute: Attribute, selection: Selection | None = None) -> Data: ...

    async def get_many(self, attributes: Sequence[Attribute]) -> tuple[Data, ...]: ...

    async def set_once(self, attribute: Attribute, value: Data) -> None: ...

    async def action(self, method: Method, value: Data) -> None: ...


Duties = Mapping[type[Duty], Callable[[Any, Any], Awaitable[Answer]]]
"""Kind of duty -> what carries it out: (peer, duty) -> answer."""


async def perform(duties: Duties, peer: Peer, duty: Duty) -> Answer:
    """Carry out `duty`; Refused where `duties` has none of its kind, or its values do not fit."""
    carry_out = duties.get(type(duty))
    if carry_out is None:
        raise errors.unknown_duty(type(duty).__name__)
    try:
        with errors.interpreting():
            return await carry_out(peer, duty)
    except ProtocolError as error:  # of our own making: what does not fit was not sent
        raise errors.unwritable(type(duty).__name__) from error
