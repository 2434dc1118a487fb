"""One stream, the blocks of one kind of one company, on its way to its hub.

What will be sent and how it is cut is committed before the first byte, so that whoever goes on
after a kill sends the same messages again; the position moves when all of them are stored.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from devices import alarms
from hes.domain.errors import HesError
from integration.export.cursor import Block, Owner, OwnershipLost, Position, read_after, take_over
from integration.export.messages.packing import Message, Packing, cut
from integration.export.messages.routes import Route
from integration.export.ownership import session_lock
from integration.export.sinks.event_hub import dead_letters, progress, replays
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.client import Hub
from integration.export.sinks.event_hub.database import Database
from integration.export.sinks.event_hub.errors import Unavailable, told
from integration.export.sinks.event_hub.patience import Patience
from integration.export.sinks.event_hub.progress import Tally
from integration.export.sinks.event_hub.sending import Sender
from integration.models import SinkCursor
from workorders.threads import DATABASE_GONE

log = logging.getLogger(__name__)

PASSES_AT_ONCE = 8
PASS_BYTES = 3 * 1024 * 1024  # of lines; eight streams with a backlog stay below 200 MB
EVENT_PASS_BYTES = 512 * 1024  # where each line is a message of its own, which takes more memory
FAILURES_TO_ALARM = 5
ALARM = "sink_failing"


class Common:
    """What the relays of a process share; `passes` bounds the memory they hold at once."""

    def __init__(self, access: Access, patience: Patience, database: Database) -> None:
        self.access, self.patience, self.database = access, patience, database
        self.passes = asyncio.Semaphore(PASSES_AT_ONCE)
        self.stopping = asyncio.Event()


@dataclass(frozen=True, slots=True)
class Range:
    """What is sent now; without blocks if they were removed since it was begun."""

    up_to: Position
    packing: Packing
    blocks: list[Block]


class Relay:
    """Serves one stream as its owner or as a hot spare; a new `route` holds from the next range."""

    def __init__(self, route: Route, common: Common) -> None:
        self.route = route
        self._common, self._database = common, common.database
        self._news = asyncio.Event()
        self._failures = self._passes = 0
        self._is_alarmed = True  # for all we know, by who served the stream before
        self._connect()

    def _connect(self) -> None:
        self._hub = Hub(self.route.hub, self._common.access, self._common.patience)
        self._live, self._beside = (
            Sender(self._hub, self._park, self._common.patience) for _ in range(2)
        )

    def wake(self) -> None:
        """There may be new blocks."""
        self._news.set()

    async def run(self) -> None:
        """Until the process stops; survives the loss of the hub, the database, the ownership."""
        try:
            while not self._common.stopping.is_set():
                await self._try_to_serve()
        finally:
            await self._hub.close()

    async def _try_to_serve(self) -> None:
        try:
            async with self.owned() as owner:
                if owner is None:
                    await self._pause(self._common.patience.spare)
                else:
                    await self._serve(owner)
        except OwnershipLost as lost:
            log.info("%s", lost)
        except (HesError, *DATABASE_GONE) as fault:
            await self._back_off(fault)

    async def _serve(self, owner: Owner) -> None:
        log.info("%s: epoch %d begins", owner.sink, owner.epoch)
        session = self._database.session
        while not self._common.stopping.is_set() and self._database.session == session:
            try:
                if not await self.turn(owner):
                    await self._rest()
            except OwnershipLost:
                raise
            except HesError as fault:
                await self._fail(owner, fault)

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[Owner | None]:
        """The right to move the stream; None while another has it or an operator disabled it.

        It ends with the database session that took it, although the context goes on.
        """
        with_lock = ExitStack()
        try:
            yield await self._database.run(self._claim, with_lock)
        finally:
            await self._database.run(with_lock.close)

    def _claim(self, with_lock: ExitStack) -> Owner | None:
        sink = self.route.sink
        if SinkCursor.objects.filter(sink=sink, is_enabled=False).exists():
            return None
        is_free = with_lock.enter_context(session_lock(sink))
        return take_over(sink, self.route.stream) if is_free else None

    async def turn(self, owner: Owner) -> bool:
        """One pass; False if there was nothing to do. What is live goes first.

        Beside it, letters and replays have every second pass. Raises HesError.
        """
        if self._hub.name != self.route.hub:
            await self._hub.close()
            self._connect()
        worked = await self._pass_live(owner)
        self._passes += 1
        if not worked or self._passes % 2:
            worked |= await self._pass_letter(owner) or await self._pass_replay(owner)
        await self._recover()
        return worked

    async def _pass_live(self, owner: Owner) -> bool:
        async with self._common.passes:
            now = await self._database.run(self._next_range, owner)
            if now is None:
                return False
            name = (now.up_to, str(now.packing))
            tally = await self._deliver(self._live, name, now.blocks, now.packing)
            await self._database.run(progress.finish, owner, now.up_to, tally)
        return True

    def _next_range(self, owner: Owner) -> Range | None:
        """The range that was begun and not finished, else a new one, begun here."""
        state, packing = progress.standing(owner), self.route.packing
        if state.sending:
            blocks = progress.blocks_between(
                state.position, state.sending, self.route.stream, PASS_BYTES
            )
            return Range(state.sending, Packing.parse(state.packing), blocks)
        blocks = read_after(state.position, _pass_bytes(packing), self.route.stream)
        if not blocks:
            return None
        progress.begin(owner, blocks[-1].position, str(packing))
        return Range(blocks[-1].position, packing, blocks)

    async def _pass_replay(self, owner: Owner) -> bool:
        async with self._common.passes:
            packing = self.route.packing
            piece = await self._database.run(
                replays.next_piece, owner, self.route.stream, packing, _pass_bytes(packing)
            )
            if piece is None:
                return False
            name = (piece.replay.pk, piece.blocks[-1].position)
            tally = await self._deliver(self._beside, name, piece.blocks, piece.packing)
            await self._database.run(replays.note, owner, piece, tally)
        return True

    async def _pass_letter(self, owner: Owner) -> bool:
        letter = await self._database.run(dead_letters.asked, owner.sink)
        if letter is None:
            return False
        await self._beside.deliver((letter.pk, letter.asked_at), [dead_letters.message_of(letter)])
        await self._database.run(dead_letters.note_sent, letter)
        return True

    async def _deliver(
        self, sender: Sender, name: Hashable, blocks: Sequence[Block], packing: Packing
    ) -> Tally:
        messages: list[Message] = []
        for block in blocks:
            messages += cut(block, self.route.company, packing)
            await asyncio.sleep(0)  # other streams have their turn between two blocks
        await sender.deliver(name, messages)
        lines, size = (sum(getattr(block, of) for block in blocks) for of in ("lines", "size"))
        return Tally(lines, size, len(messages))

    async def _park(self, message: Message, reason: str, tries: int) -> None:
        await self._database.run(dead_letters.park, self.route.sink, message, reason, tries)

    async def _recover(self) -> None:
        if self._is_alarmed:
            await self._database.run(alarms.clear, ALARM, self.route.sink)
        self._failures, self._is_alarmed = 0, False

    async def _fail(self, owner: Owner, fault: HesError) -> None:
        """Say why nothing moves, and wait."""
        if not (isinstance(fault, Unavailable) and fault.is_answer):
            self._hub.drop()
        await self._database.run(progress.fail, owner, told(fault))
        if self._failures + 1 >= FAILURES_TO_ALARM:
            self._is_alarmed = True
            await self._database.run(alarms.raise_alarm, ALARM, owner.sink, told(fault))
        await self._back_off(fault)

    async def _back_off(self, fault: Exception) -> None:
        delay = self._common.patience.pause(self._failures)
        self._failures += 1
        log.warning("%s: %s; next attempt in %.1f s", self.route.sink, told(fault), delay)
        await self._pause(delay)

    async def _rest(self) -> None:
        """Until there is news, or for a while."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), self._common.patience.look)
        self._news.clear()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._common.stopping.wait(), seconds)


def _pass_bytes(packing: Packing) -> int:
    return EVENT_PASS_BYTES if packing.max_lines == 1 else PASS_BYTES
