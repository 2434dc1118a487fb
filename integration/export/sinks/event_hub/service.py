"""All hubs of a process: one event loop in the calling thread, one thread for the database."""

import asyncio
import logging
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.db import connection

from devices import alarms
from hes.domain.errors import HesError
from integration.export.cursor import Stream
from integration.export.messages.routes import HubsShared, Route, routes
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.connections import NotingLoop
from integration.export.sinks.event_hub.crew import Crew
from integration.export.sinks.event_hub.database import Database
from integration.export.sinks.event_hub.errors import told
from integration.export.sinks.event_hub.patience import Patience
from integration.export.sinks.event_hub.relay import ALARM, Common
from workorders.threads import DATABASE_GONE

log = logging.getLogger(__name__)

NAME = "hubs"
NEVER = 2**62  # beyond every transaction: the first look only finds the horizon
STOP_LOOK = 0.1  # seconds between two looks at the stop signal
BROKEN = "its relay met what it does not understand and begins anew; the log tells where"
RECENT = timedelta(days=2)  # spares the look at all older partitions

# What has come behind the horizon since the last look; one row without a stream if nothing has.
NEWS = """
SELECT horizon.xid::text::bigint, news.company_id, news.kind
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid) AS horizon LEFT JOIN LATERAL (
    SELECT DISTINCT company_id, kind FROM export_block
    WHERE day >= %s AND xid >= %s::text::xid8 AND xid < horizon.xid
) AS news ON true
"""


class NotConfigured(HesError):
    """No hub is named."""


class HubService:
    """Sends every stream to its hub until `stop` is set; `access` None: as the settings say."""

    name = NAME

    def __init__(
        self,
        stop: threading.Event,
        access: Access | None = None,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self._stop, self._patience = stop, patience
        self._access = access or Access.from_settings()
        self._seen = NEVER
        self._beats: int | None = None

    def sign(self) -> int | None:
        """Changes while the loop turns and the database thread answers; None while at rest."""
        return self._beats

    def run(self) -> None:
        """Returns when `stop` is set; survives loss of the database and of hubs.

        Raises NotConfigured.
        """
        if not self._access.is_configured:
            raise NotConfigured(
                "no Event Hub is named: set HES_EVENTHUB_CONNECTION_STRING, or "
                "HES_EVENTHUB_NAMESPACE for managed identity"
            )
        logging.getLogger("azure").setLevel(logging.WARNING)  # below it tells of every frame
        self._beats = 0
        try:
            with asyncio.Runner(loop_factory=NotingLoop) as loop:
                loop.run(self._serve())
        finally:
            self._beats = None

    async def _serve(self) -> None:
        database = Database()
        crew = Crew(Common(self._access, self._patience, database))
        following = asyncio.create_task(self._follow(crew, database))
        polling = asyncio.create_task(self._poll(crew, database))
        try:
            await self._until_stopped(following, polling)
        finally:
            await _cancelled(following)
            await crew.end(self._patience.ending)
            await _cancelled(polling)  # until here it shows that we live
            database.close()

    async def _until_stopped(self, *duties: asyncio.Task[None]) -> None:
        while not self._stop.is_set():
            await asyncio.sleep(STOP_LOOK)
            for duty in duties:
                if duty.done():
                    duty.result()

    async def _follow(self, crew: Crew, database: Database) -> None:
        while True:
            try:
                for sink in crew.follow(await database.run(_routes)):
                    await database.run(alarms.raise_alarm, ALARM, sink, BROKEN)
                await asyncio.sleep(self._patience.routes)
            except (HubsShared, *DATABASE_GONE) as fault:
                log.warning("%s: %s", NAME, told(fault))
                await asyncio.sleep(self._patience.spare)

    async def _poll(self, crew: Crew, database: Database) -> None:
        while True:
            self._beats = (self._beats or 0) + 1
            with suppress(*DATABASE_GONE):  # every relay tells of it
                crew.wake(await database.run(self._look))
            await asyncio.sleep(self._patience.poll)

    def _look(self) -> list[Stream]:
        since = datetime.now(UTC).date() - RECENT
        with connection.cursor() as cursor:
            cursor.execute(NEWS, [since, self._seen])
            rows = cursor.fetchall()
        self._seen = rows[0][0]
        return [Stream(company_id, kind) for _, company_id, kind in rows if kind]


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _routes() -> list[Route]:
    """Raises HubsShared, after an alarm: what runs goes on as it was."""
    try:
        found = routes()
    except HubsShared as fault:
        alarms.raise_alarm(ALARM, NAME, str(fault))
        raise
    alarms.clear(ALARM, NAME)
    return found
