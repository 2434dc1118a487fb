"""The management association with one concentrator, and its one replacement in a visit."""

import contextlib
from dataclasses import replace

from devices.drivers.base import Credentials, Endpoint, FieldError, Garbled, Limits, Unreachable
from devices.drivers.cosem.opening import Route, associate
from devices.protocol.errors import ProtocolError
from devices.session import errors
from devices.session.conversation import Conversation
from devices.session.transport import Budget, Transport

RELEASE_SECONDS = 2.0
"""How long we wait for an RLRE; without one we close all the same (*assumed*)."""


class Line:
    """Connection and conversation of one visit; `renew` replaces both once, within one budget."""

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Credentials,
        limits: Limits,
        pause: float,
        *,
        dedicated: bool = False,
    ) -> None:
        self.dedicated = dedicated
        self.endpoint = endpoint
        self.budget = Budget(limits)
        self.pause = pause
        self.transport = Transport(endpoint, self.budget)
        self._credentials = replace(credentials)
        self._route = Route(limits.exchange, pause, dedicated=dedicated)
        self._conversation: Conversation | None = None
        self._may_renew = True

    @property
    def conversation(self) -> Conversation:
        """The open conversation with the concentrator itself."""
        assert self._conversation is not None, "open() comes first"  # noqa: S101 - our own order
        return self._conversation

    @property
    def is_commissioning(self) -> bool:
        """Opened by a password: few objects may be read."""
        return self._credentials.password is not None

    @property
    def server_title(self) -> bytes | None:
        """The concentrator's system title, as stored or as now seen for the first time."""
        return self._credentials.server_title

    @property
    def server_counter(self) -> int:
        """The highest counter the concentrator has used."""
        if self._conversation is None:
            return self._credentials.server_counter
        return self._conversation.server_counter

    async def open(self) -> None:
        """Connect and associate; garbled bytes are given one new session."""
        try:
            await self._open()
        except Garbled as garbled:
            await self.renew(garbled)

    async def renew(self, garbled: Garbled) -> None:
        """A new session in place of the garbled one, once; otherwise `garbled` is raised."""
        if not self._may_renew:
            raise garbled
        self._may_renew = False
        self._credentials.server_counter = self.server_counter
        self.transport.close()
        self.transport = Transport(self.endpoint, self.budget)
        try:
            await self._open()
        except (Unreachable, errors.GarbledGreeting) as failure:
            # The device was reached before in this visit: its contact does not count as missed.
            raise garbled from failure

    async def close(self) -> None:
        """Release if there is something to release, and close."""
        try:
            await release(self._conversation, RELEASE_SECONDS)
        finally:
            self.transport.close()

    async def _open(self) -> None:
        try:
            await self.transport.connect()
            self._conversation = await associate(self.transport, self._credentials, self._route)
        except BaseException:
            self.transport.close()
            raise


async def release(conversation: Conversation | None, seconds: float) -> None:
    """RLRQ on an open association; a missing or wrong RLRE means nothing. A line whose answer is
    not waited for is closed: what comes late would be taken for the answer to something else."""
    if conversation is not None and conversation.is_open:
        with contextlib.suppress(FieldError, ProtocolError):
            await conversation.release(seconds)
