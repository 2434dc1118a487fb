"""Stands between workers and PostgreSQL on a Unix socket, and cuts off the answer to a COMMIT.

The COMMIT is handed on and carried out; the client only sees its connection end. PostgreSQL's
frontend protocol 3.0: a start-up message without a type byte, then type, length, content.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NAME = ".s.PGSQL.5432"
CHUNK = 65_536
QUERY = b"Q"
# What a transaction did, by words of its statements; the first that fits.
MARKS = {b"'begun'": "SENDING", b"'answered'": "a result", b"'found": "a read-back"}
MARKS |= {b"INSERT INTO work_order": "a submission", b"slot_ledger": "a recording"}


@dataclass(slots=True)
class _Link:
    """One client's connection: what its transaction is about, and whether its end is decided."""

    mark: str = "something else"
    is_cut: bool = False


class Proxy:
    """`share` of the commits are cut while it is above 0; `cuts` counts them by what they did."""

    def __init__(self, folder: Path, server: Path, dice: random.Random) -> None:
        self.folder, self._server, self._dice = folder, server, dice
        self.share = 0.0
        self.cuts: Counter[str] = Counter()
        self._links: set[asyncio.Task[None]] = set()

    async def serve(self, over: threading.Event, ready: threading.Event) -> None:
        """Until `over`."""
        path = str(self.folder / NAME)
        async with await asyncio.start_unix_server(self._accept, path):
            ready.set()
            await asyncio.to_thread(over.wait)
            for link in tuple(self._links):
                link.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._connect(reader, writer))
        self._links.add(task)
        task.add_done_callback(self._links.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            answers, requests = await asyncio.open_unix_connection(str(self._server / NAME))
            link = _Link()
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._up(reader, requests, link))
                    both.create_task(_down(answers, writer, link))
            except* (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                requests.close()
                writer.close()

    async def _up(
        self, reader: asyncio.StreamReader, requests: asyncio.StreamWriter, link: _Link
    ) -> None:
        length = await reader.readexactly(4)
        requests.write(length + await reader.readexactly(int.from_bytes(length) - 4))
        while True:
            head = await reader.readexactly(5)
            content = await reader.readexactly(int.from_bytes(head[1:]) - 4)
            if head[:1] == QUERY:
                self._look(content, link)
            requests.write(head + content)
            await requests.drain()

    def _look(self, content: bytes, link: _Link) -> None:
        if content == b"BEGIN\0":
            link.mark = "something else"
        elif content != b"COMMIT\0":
            link.mark = next((name for word, name in MARKS.items() if word in content), link.mark)
        elif self._dice.random() < self.share:
            link.is_cut = True
            self.cuts[link.mark] += 1


async def _down(answers: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link) -> None:
    while data := await answers.read(CHUNK):
        if link.is_cut:
            raise ConnectionAbortedError  # the commit stands, nobody is told
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError  # the server is gone: so are we


@contextmanager
def proxy(folder: Path, server: Path, dice: random.Random) -> Iterator[Proxy]:
    """Listening in a thread of its own for the time of the block."""
    folder.mkdir()
    made, over, ready = Proxy(folder, server, dice), threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(over, ready)))
    thread.start()
    assert ready.wait(20)
    try:
        yield made
    finally:
        over.set()
        thread.join(20)
