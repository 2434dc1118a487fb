"""The thread that brings what was received to safety: into the journal, else onto the disk.

1. It takes what waits in the ring, at most 10,000 datagrams, 20 ms after the last time.
2. As long as nothing lies on disk, the block goes into the journal. Where that fails, or takes so
   long that the ring fills, it goes onto the disk, and so does all that follows.
3. What lies on disk goes into the journal in its order; the last one opens the direct way again.
4. Where neither takes it, the block is tried again until one does. Meanwhile the ring fills, then
   the kernel's buffer, and what the kernel drops it counts. We throw nothing away.
"""

import logging
import threading
import time
from collections.abc import Callable

from django.db import Error

from listeners.blocks import Block, block_of
from listeners.journal import Journal, Run, Sockets
from listeners.ring import Ring
from listeners.spool import Spool

log = logging.getLogger(__name__)

DATAGRAMS, WEIGHT = 10_000, 8 * 1024 * 1024  # of a block
GATHER = 0.02  # seconds
RETRY = 1.0
TELL_EVERY = 1.0
REPLAY = 0.2  # seconds at a time, then the ring is looked at
GRACE = 10.0  # seconds at the end for what neither takes


class Writer:
    """Works between `start` and `stop`. `watch` tells what the sockets say, `poke` of commits."""

    def __init__(
        self,
        run: Run,
        ring: Ring,
        spool: Spool,
        watch: Callable[[], Sockets],
        poke: Callable[[], None],
    ) -> None:
        self._run, self._ring, self._spool = run, ring, spool
        self._watch, self._poke = watch, poke
        self._journal = Journal(run)
        self._number = 0
        self._is_away = False
        self._again_at = self._tell_at = 0.0
        self._asked_at: float | None = None
        self._end_at: float | None = None
        self._thread = threading.Thread(target=self._work, name="writer")

    @property
    def is_alive(self) -> bool:
        """False after something that it cannot bear: then the process must end."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Bring what is in the ring to safety, then end; call it when nobody puts any more."""
        self._end_at = time.monotonic() + GRACE
        self._thread.join()

    def cut_if_hanging(self, after: float) -> None:
        """End a call of PostgreSQL that has lasted for more seconds; from another thread."""
        asked_at = self._asked_at
        if asked_at is not None and time.monotonic() - asked_at > after:
            log.error("PostgreSQL has not answered for %.0f s: the session is cut", after)
            self._journal.cut()

    def _work(self) -> None:
        while self._end_at is None or self._ring.oldest_at is not None:
            count = self._take()
            self._replay()
            self._tell()
            if count < DATAGRAMS:
                time.sleep(GATHER)
        self._tell_at = 0.0
        self._tell()
        self._asked(self._journal.end)
        self._journal.close()

    def _take(self) -> int:
        batches = self._ring.take(DATAGRAMS, WEIGHT)
        if not batches:
            return 0
        self._number += 1
        block = block_of(self._run.uid, self._number, batches)
        self._keep(block)
        return block.count

    def _keep(self, block: Block) -> None:
        ways = (self._directly, self._on_disk)
        if self._ring.is_crowded:
            ways = (self._on_disk, self._directly)
        while not any(way(block) for way in ways):
            if self._end_at is not None and time.monotonic() > self._end_at:
                log.critical("%d datagrams are lost: neither journal nor disk", block.count)
                return
            time.sleep(GATHER)
            self._replay()

    def _directly(self, block: Block) -> bool:
        return self._spool.is_empty and self._committed([block])

    def _on_disk(self, block: Block) -> bool:
        try:
            self._spool.append(block)
        except OSError as fault:
            log.error("%d datagrams cannot be kept on disk: %s", block.count, fault)
            return False
        return True

    def _replay(self) -> None:
        """What lies on disk, for a moment."""
        until = time.monotonic() + REPLAY
        while not self._ring.is_crowded and time.monotonic() < until:
            blocks = self._spool.first()
            if not (blocks and self._committed(blocks)):
                return
            self._spool.passed()

    def _committed(self, blocks: list[Block]) -> bool:
        is_done = self._asked(lambda: self._journal.write(blocks))
        if is_done:
            self._poke()
        return is_done

    def _tell(self) -> None:
        now = time.monotonic()
        if now >= self._tell_at:
            self._tell_at = now + TELL_EVERY
            first = self._spool.first()
            oldest_at = first[0].first_at if first else self._ring.oldest_at
            sockets, spooled = self._watch(), self._spool.datagrams
            self._asked(lambda: self._journal.tell(sockets, spooled, oldest_at))

    def _asked(self, call: Callable[[], None]) -> bool:
        """Whether the journal did it; after a failure it is left alone for a while."""
        if time.monotonic() < self._again_at:
            return False
        self._asked_at = time.monotonic()
        try:
            call()
        except Error as fault:
            self._journal.close()
            self._again_at = time.monotonic() + RETRY
            self._note(is_away=True, why=str(fault).partition("\n")[0])
            return False
        finally:
            self._asked_at = None
        self._note(is_away=False)
        return True

    def _note(self, *, is_away: bool, why: str = "") -> None:
        if is_away and not self._is_away:
            log.error("the journal takes nothing, datagrams go onto the disk: %s", why)
        elif self._is_away and not is_away:
            log.warning("the journal takes datagrams again; %d wait", self._spool.datagrams)
        self._is_away = is_away
