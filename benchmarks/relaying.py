"""The real relay of one stream in this process, asked to send until nothing is left."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from benchmarks.hubs import sent
from integration.export.messages.routes import Route, routes
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.database import Database
from integration.export.sinks.event_hub.patience import Patience
from integration.export.sinks.event_hub.relay import Common, Relay


def route_of(kind: str) -> Route:
    """The stream of a kind of the one company."""
    [route] = [route for route in routes() if route.stream.kind == kind]
    return route


@contextmanager
def relaying(access: Access, route: Route) -> Iterator[Callable[[int], float]]:
    """Gives a function that sends so many lines, all that there are, and returns the seconds.

    Client and links stay open between two calls, as those of the service.
    """
    common = Common(access, Patience(), Database())
    relay = Relay(route, common)

    async def send_all(goal: int) -> None:
        async with relay.owned() as owner:
            assert owner is not None
            while await common.database.run(sent, route.sink) < goal:
                while await relay.turn(owner):
                    pass

    with asyncio.Runner() as runner:

        def send(lines: int) -> float:
            goal = sent(route.sink) + lines
            begin = perf_counter()
            runner.run(send_all(goal))
            return perf_counter() - begin

        try:
            yield send
        finally:
            common.stopping.set()
            runner.run(relay.run())  # which closes its client
            common.database.close()
