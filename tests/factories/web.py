"""``hes web`` as a process, and a client of its server-sent events."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STREAM = "/api/v1/work-orders/events/"


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """(process, address); killed at the end if it still lives."""
    log = home / "web.log"
    with log.open("wb") as output:
        web = subprocess.Popen(
            [sys.executable, "-m", "hes.cli", "web", "--bind", "127.0.0.1:0"],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"HES_HOME": str(home)} | environment,
        )
    try:
        yield web, address(log)
    finally:
        web.kill()
        web.wait()


def address(log: Path) -> str:
    """Where the server listens, as its log says."""
    deadline = time.monotonic() + 20
    while not (found := re.search(r"Listening at: (http://\S+)", log.read_text())):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    return found[1]


@dataclass
class Follower:
    """Reads server-sent events as a browser would: it keeps the last id and comes back with it."""

    token: str
    last_id: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    visits: int = 0

    @contextmanager
    def open(self, at: str) -> Iterator[http.client.HTTPResponse]:
        """The answer, whatever its status; hung up at the end."""
        server = http.client.HTTPConnection(urlsplit(at).netloc, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        server.request("GET", STREAM, headers=headers)
        try:
            with server.getresponse() as answer:
                yield answer
        finally:
            server.close()

    def follow(self, at: str, events: int) -> None:
        """Read until the stream ends, or so many more events were taken; then hang up.

        Comes back where the server has not yet noticed an earlier hanging up.
        """
        self.visits += 1
        wanted = len(self.events) + events
        for _ in range(100):
            with self.open(at) as answer:
                if answer.status == 200:
                    return self._read(answer, wanted)
                assert answer.status == 503, answer.read()
            time.sleep(0.1)
        raise AssertionError("no place has become free")

    def _read(self, answer: http.client.HTTPResponse, wanted: int) -> None:
        block: dict[str, str] = {}
        for line in answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                block[name] = value
                continue
            self._take(block)
            block = {}
            if len(self.events) >= wanted:
                return

    def _take(self, block: dict[str, str]) -> None:
        self.last_id = block.get("id", self.last_id)
        if "data" in block:
            assert block["event"] == "order-ended"
            self.events.append(json.loads(block["data"]))
