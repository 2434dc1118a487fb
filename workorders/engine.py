"""The engine of a worker process: claims lanes, runs visits on one asyncio loop (design D3, D4).

It needs PostgreSQL only. Celery may wake it (`poke`) and plan for it; when broker and beat are gone
it polls and plans by itself.
"""

import asyncio
import contextlib
import logging
import resource
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from devices.drivers.base import Driver, Limits
from devices.recording.fence import LeaseLost
from workorders import (
    execution,
    freeze,
    host_clock,
    lanes,
    lease,
    order_sweeps,
    recruiting,
    slots,
    visits,
)
from workorders.campaigns import sweep as campaign_sweep
from workorders.disk import Floor
from workorders.lease import LEASE_SECONDS, RENEW_SECONDS, Lease
from workorders.outcome import Outcome
from workorders.places import KEPT, Free, Places
from workorders.planning import Planner
from workorders.room import Room
from workorders.rules import clock_alarm
from workorders.threads import DATABASE_GONE, Caller, DatabaseThread, always
from workorders.visiting import Means
from workorders.visits import Assignment
from workorders.watchdog import Watchdog, turns_of

log = logging.getLogger(__name__)
T = TypeVar("T")

CLAIMED_AT_ONCE = 50  # keeps the control thread free for renewals
GATHER_SECONDS = 0.02  # visits that end together are replaced by one claim
GRACE_SECONDS = 15.0
IDLE_CHECK_SECONDS = 0.2
FILES_BESIDES_VISITS = 256


@dataclass(frozen=True, slots=True)
class Options:
    """How an engine works; times in seconds.

    `concurrency`: visits at once; beyond them `kept` places are there for orders alone.
    `orders_only`: lanes with orders, nothing is collected. `plans`: it makes due slots by itself.
    `hang_limit`: the process ends when the loop or a thread of visits hangs so long; None: never.
    While `disk` has less than `disk_floor` bytes free it is as if `orders_only` were set.
    """

    concurrency: int = 1000
    kept: int = KEPT
    orders_only: bool = False
    poll: float = 1.0
    plans: bool = True
    plan_every: float = 30.0
    lease: float = LEASE_SECONDS
    renew: float = RENEW_SECONDS
    bytes_held: int = 64 * 1024 * 1024
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    ntp_required: bool = False
    hang_limit: float | None = None
    disk: Path = Path("/")
    disk_floor: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: slots still due, visits under way, visits ended well and otherwise."""

    open_slots: int
    running: int
    done: int
    failed: int


class Engine:
    """Runs visits until it is stopped. `run` and `run_until_idle` block; call one of them, once."""

    def __init__(self, drivers: Callable[[str], Driver], options: Options | None = None) -> None:
        self._drivers, self._options = drivers, options or Options()
        patience = self._options.lease
        self._control = DatabaseThread("control", patience)
        self._bulk = DatabaseThread("bulk", patience)
        self._background = DatabaseThread("background", patience)  # planning may take seconds
        self._first = Caller(self._control, always)  # before what visits ask
        self._places = Places(self._options.concurrency, self._options.kept)
        self._ended = {True: 0, False: 0}
        self._claims_unsure = self._has_backlog = False
        self._planner = Planner()
        self._floor = Floor(self._options.disk, self._options.disk_floor)
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Work until `stop`; then cancel the visits, give their lanes back and say goodbye."""
        try:
            asyncio.run(self._work(self._serve))
        except DATABASE_GONE:
            if not self._stopping.is_set():
                raise

    def run_until_idle(self, progress: Callable[[Progress], None] = lambda _: None) -> Progress:
        """Work until no slot is due any more, all done or failed; plans nothing by itself."""
        self._options = replace(self._options, plans=False)
        return asyncio.run(self._work(lambda: self._drain(progress)))

    def stop(self) -> None:
        """Ask `run` to end; from any thread."""
        self._stopping.set()
        self.poke()

    def poke(self) -> None:
        """There may be work: look now. From any thread, harmless at any time."""
        with contextlib.suppress(RuntimeError):  # the loop is closing
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._wake.set)

    # --- the frame ---------------------------------------------------------------------------

    async def _work(self, main: Callable[[], Awaitable[T]]) -> T:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        visits_at_once = self._options.concurrency + self._options.kept
        raise_file_limit(visits_at_once + FILES_BESIDES_VISITS)
        self._means = self._lent()
        with self._watched(self._loop):
            try:
                self._lease = await self._register()
                return await self._keeping_house(main)
            finally:
                for thread in (self._control, self._bulk, self._background):
                    thread.close()

    def _watched(self, loop: asyncio.AbstractEventLoop) -> AbstractContextManager[None]:
        """The background thread is not watched: to make partitions it may wait for long locks."""
        if self._options.hang_limit is None:
            return contextlib.nullcontext()
        signs = {
            "the event loop": turns_of(loop),
            "the control thread": lambda: self._control.under_way,
            "the bulk thread": lambda: self._bulk.under_way,
        }
        return Watchdog(signs, self._options.hang_limit)

    async def _keeping_house(self, main: Callable[[], Awaitable[T]]) -> T:
        keepers = [
            asyncio.create_task(_repeat(self._keep_lease, self._options.renew)),
            asyncio.create_task(_repeat(self._free_dead, self._options.renew)),
            asyncio.create_task(_repeat(self._sweep_orders, self._options.renew)),
            asyncio.create_task(_repeat(self._plan, self._options.plan_every)),
            asyncio.create_task(_repeat(self._run_rules, self._options.plan_every)),
        ]
        _running.add(self)
        try:
            return await main()
        finally:
            _running.discard(self)
            for keeper in keepers:
                keeper.cancel()
            await self._quit()

    def _lent(self) -> Means:
        def objection(limit: float) -> str:
            ntp = host_clock.ntp_state()
            offset = self._lease.database_offset
            return host_clock.objection(offset, limit, ntp, self._options.ntp_required)

        room = Room(self._options.bytes_held)
        control, bulk = Caller(self._control), Caller(self._bulk)
        return Means(control, bulk, room, objection, self._options.limits)

    async def _register(self) -> Lease:
        """A new incarnation, as soon as the database answers; not after a stop."""
        while True:
            try:
                return await self._first(lease.register, self._options.lease)
            except DATABASE_GONE as error:
                if self._stopping.is_set():
                    raise
                log.warning("the database does not answer yet: %s", error)
                await asyncio.sleep(1)

    async def _quit(self) -> None:
        self._places.cancel()
        if tasks := self._places.tasks:
            await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        with contextlib.suppress(*DATABASE_GONE):
            await self._control(self._lease.end)

    # --- what repeats ------------------------------------------------------------------------

    async def _keep_lease(self) -> None:
        """Renew; a worker that was taken for dead drops its visits and starts as a new one."""
        if await self._first(self._lease.renew):
            return
        log.warning("worker %d lost its lease; starting anew", self._lease.worker)
        self._places.cancel()
        self._lease = await self._register()

    async def _free_dead(self) -> None:
        if freed := await self._first(lanes.free_dead):
            log.warning("%d lanes of dead workers are free again", freed)
            self._wake.set()

    async def _sweep_orders(self) -> None:
        """Orders of dead workers go on, what waited too long ends, new meters are carried on, odd
        rates freeze a company."""
        now = datetime.now(UTC)
        moved = await self._background(order_sweeps.recover_dead, now)
        moved += await self._background(order_sweeps.expire, now)
        moved += await self._background(recruiting.carry_on)
        moved += await self._background(campaign_sweep.sweep, now)
        await self._background(freeze.watch, now)
        if moved:
            self._wake.set()

    async def _plan(self) -> None:
        if await self._background(self._planner.prepare, datetime.now(UTC), self._options.plans):
            self._wake.set()

    async def _run_rules(self) -> None:
        """Orders by alarm; where nothing is planned, none are made either."""
        if not self._options.plans:
            return
        now, objection = datetime.now(UTC), self._means.clock_objection
        if await self._background(clock_alarm.watch, now, objection):
            self._wake.set()

    # --- visits ------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            await self._feed()
            if not self._has_backlog or self._places.is_full:
                await self._rest(self._options.poll)

    async def _drain(self, progress: Callable[[Progress], None]) -> Progress:
        while True:
            self._wake.clear()
            await self._feed()
            open_slots = await self._control(slots.open_count)
            done, failed = self._ended[True], self._ended[False]
            now = Progress(open_slots, len(self._places), done, failed)
            progress(now)
            if self._stopping.is_set() or not (now.open_slots or now.running):
                return now
            if not self._has_backlog or self._places.is_full:
                await self._rest(IDLE_CHECK_SECONDS)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
            await asyncio.sleep(GATHER_SECONDS)

    async def _feed(self) -> None:
        """Claim as many lanes as there are places for and start their visits; call the others."""
        if not self._lease.is_alive():
            self._has_backlog = False  # look again after a pause: meanwhile the loop renews
            return
        worker, free = self._lease.worker, self._places.free(CLAIMED_AT_ONCE)
        try:
            called, begun = await self._first(self._look, worker, free, self._places.lanes)
        except Exception as error:
            log.warning("lanes could not be claimed: %s", error, exc_info=not _is_outage(error))
            self._claims_unsure, self._has_backlog = True, False
            return
        self._has_backlog = 0 < free.count == len(begun)
        self._places.call(called)
        for assignment in begun:
            task = asyncio.create_task(self._carry_out(assignment, self._lease))
            self._places.take(assignment, task)
            task.add_done_callback(partial(self._ended_visit, assignment))

    def _ended_visit(self, assignment: Assignment, task: asyncio.Task[None]) -> None:
        self._places.leave(assignment)
        if not task.cancelled() and (fault := task.exception()):
            lane = assignment.claim.concentrator
            log.error("lane %d was not given back by its visit", lane, exc_info=fault)
        self._claims_unsure |= task.cancelled() or task.exception() is not None
        self._wake.set()

    def _look(
        self, worker: int, free: Free, known: list[int]
    ) -> tuple[list[int], list[Assignment]]:
        """The known lanes on which orders wait, and new visits."""
        if self._claims_unsure:
            lanes.give_up_unknown(worker, known)
            self._claims_unsure = False
        called = lanes.called(worker) if known else []
        if not free.count:
            return called, []
        orders_only = free.orders_only or self._options.orders_only or self._floor.is_low()
        return called, visits.begin(worker, free.count, orders_only=orders_only)

    async def _carry_out(self, assignment: Assignment, held: Lease) -> None:
        outcome = await execution.run(assignment, self._drivers, self._means, held)
        self._ended[outcome.is_good] += 1
        await self._write_down(assignment, outcome, held)

    async def _write_down(self, assignment: Assignment, outcome: Outcome, held: Lease) -> None:
        """Finish the visit, trying again while the lane is ours; otherwise it is taken over."""
        while not outcome.lane_lost and held.is_alive():
            try:
                await self._control(visits.finish, assignment, outcome)
            except LeaseLost:
                log.warning("visit %d ended after its lane was lost", assignment.visit)
            except DATABASE_GONE as error:
                log.warning("visit %d is not written down yet: %s", assignment.visit, error)
                await asyncio.sleep(1)
                continue
            return


_running: set[Engine] = set()


def poke() -> None:
    """Wake the engines of this process."""
    for engine in tuple(_running):
        engine.poke()


def _is_outage(error: Exception) -> bool:
    return isinstance(error, DATABASE_GONE)


async def _repeat(step: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Run a step over and over; a database that is away is waited for."""
    while True:
        try:
            await step()
        except Exception as error:
            log.warning("housekeeping failed: %s", error, exc_info=not _is_outage(error))
        await asyncio.sleep(seconds)


def raise_file_limit(wanted: int) -> int:
    """Raise the soft limit of open files towards `wanted`; returns what is granted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < granted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
        return granted
    return soft
