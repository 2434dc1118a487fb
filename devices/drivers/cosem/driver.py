"""Driver `cosem`: opens sessions, and remembers the columns of the concentrators it has met."""

from devices.drivers.base import Credentials, Endpoint, Limits, Table
from devices.drivers.cosem.line import Line
from devices.drivers.cosem.session import CosemSession
from devices.drivers.cosem.tables import READERS, Layout
from devices.session.conversation import TEMPORARY_PAUSE


class CosemDriver:
    """One per process: attribute 3 of a table is read once per software number.

    `pause` is the wait before a temporary failure is asked again. `tag_orders` (test fields only)
    names the order to the meter before each change, so that a simulator counts by order.
    `dedicated_keys`: each association is ciphered by a key of its own (off by default: profile 2).
    """

    tables = frozenset(READERS)

    def __init__(
        self,
        pause: float = TEMPORARY_PAUSE,
        *,
        tag_orders: bool = False,
        dedicated_keys: bool = False,
    ) -> None:
        self.tag_orders = tag_orders
        self._dedicated_keys = dedicated_keys
        self._pause = pause
        self._layouts: dict[tuple[int, Table], Layout] = {}

    async def open(
        self, endpoint: Endpoint, credentials: Credentials, limits: Limits
    ) -> CosemSession:
        """Connect and associate; the session must be closed."""
        line = Line(endpoint, credentials, limits, self._pause, dedicated=self._dedicated_keys)
        await line.open()
        return CosemSession(line, self._layouts, tag_orders=self.tag_orders)
