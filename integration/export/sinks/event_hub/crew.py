"""A relay for every stream, following companies and settings as they change."""

import asyncio
import logging
from collections.abc import Iterable

from integration.export.cursor import Stream
from integration.export.messages.routes import Route
from integration.export.sinks.event_hub.relay import Common, Relay

log = logging.getLogger(__name__)


class Crew:
    """The relays of this process and the tasks that run them."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self._relays: dict[str, tuple[Relay, asyncio.Task[None]]] = {}

    def follow(self, routes: Iterable[Route]) -> list[str]:
        """Start, redirect and end relays; one that met a bug begins anew, others never notice.

        Returns the sinks whose relay broke since the last call.
        """
        wanted = {route.sink: route for route in routes}
        broken = self._bury()
        for sink in self._relays.keys() - wanted.keys():
            self._relays.pop(sink)[1].cancel()
        for sink, route in wanted.items():
            if sink in self._relays:
                self._relays[sink][0].route = route
            else:
                relay = Relay(route, self._common)
                self._relays[sink] = relay, asyncio.create_task(relay.run(), name=sink)
        return broken

    def _bury(self) -> list[str]:
        broken = [sink for sink, (_, task) in self._relays.items() if task.done()]
        for sink in broken:
            _, task = self._relays.pop(sink)
            log.error("%s: its relay broke", sink, exc_info=task.exception())
        return broken

    def wake(self, streams: Iterable[Stream]) -> None:
        """New blocks have come for these."""
        news = set(streams)
        for relay, _ in self._relays.values():
            if relay.route.stream in news:
                relay.wake()

    async def end(self, patience: float) -> None:
        """Let passes under way finish; what takes longer is cut off and sent again by the next."""
        self._common.stopping.set()
        tasks = {task for _, task in self._relays.values()}
        for relay, _ in self._relays.values():
            relay.wake()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks, timeout=patience)
