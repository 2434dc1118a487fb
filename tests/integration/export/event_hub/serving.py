"""The hub service in a thread or in a process that can be killed, and what its hub then holds."""

import contextlib
import json
import multiprocessing
import signal
import threading
import time
from collections import defaultdict

from django.db import connection

from devices.models import ExportBlock
from devices.outbox.blocks import read_lines
from hes.lib.processes import PR_SET_PDEATHSIG, _libc
from integration.export.cursor import Position, Stream, has_more
from integration.export.sinks.event_hub.service import HubService
from integration.models import SinkCursor

fork = multiprocessing.get_context("fork")


def events(first, count=1, serials=50):
    """Numbered lines of HPE about some meters."""
    return "".join(
        f"C1;{number % serials:011d};POD;3.1.0.85;2026-06-10 00:00:00.000;{number};0;OK;-;100\n"
        for number in range(first, first + count)
    )


def wait_for(condition, seconds=60.0, what="it"):
    """Until the condition holds; the test fails if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def serving(access, patience):
    """The service in a thread of this process; what ends it is raised here."""
    stop, faults = threading.Event(), []

    def run():
        try:
            HubService(stop, access, patience).run()
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the service did not stop"
        assert not faults, faults


def _serve(access, patience):
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    HubService(threading.Event(), access, patience).run()


@contextlib.contextmanager
def service_process(access, patience):
    """The same in a process of its own, killed at the end."""
    connection.close()  # a session must not be shared over a fork
    process = fork.Process(target=_serve, args=(access, patience), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def cursor_of(kind, company="demo"):
    return SinkCursor.objects.filter(sink=f"hub/{company}/{kind}").first()


def is_drained(company, *kinds):
    """Whether everything committed of these kinds is delivered."""
    rows = [(kind, cursor_of(kind, company.code)) for kind in kinds]
    return all(
        row is not None
        and row.sending_xid is None
        and not has_more(Position(row.xid, row.block_id), Stream(company.pk, kind))
        for kind, row in rows
    )


def stored_lines(company, kind):
    """{(block uid, number): line} of what the database holds."""
    blocks = ExportBlock.objects.filter(company_id=company.pk, kind=kind)
    return {
        (str(block.uid), number): line
        for block in blocks
        for number, line in enumerate(
            read_lines(block.body, block.is_compressed).decode().splitlines()
        )
    }


def received_lines(messages):
    """{(block uid, number): line} as a reader sees that drops what it has."""
    found = {}
    for message in messages:
        uid, place = message.message_id.rsplit(":", 1)
        first, count = map(int, place.split("+"))
        body = _lines(message)
        assert len(body) == count == message.properties["lines"]
        for number, line in enumerate(body, first):
            assert found.setdefault((uid, number), line) == line, "a repeat tells another story"
    return found


def _lines(message):
    if message.content_type == "application/json":
        return [json.dumps(item) for item in json.loads(message.body)]
    return message.body.decode().splitlines()


def repeats(messages):
    """How many messages came again, each under the same id with the same body."""
    bodies = defaultdict(list)
    for message in messages:
        bodies[message.message_id].append((message.partition, message.body))
    assert all(len(set(copies)) == 1 for copies in bodies.values())
    return len(messages) - len(bodies)


def first_ones(messages):
    """(partition, lines) without repeats, as they lie."""
    seen, kept = set(), defaultdict(list)
    for message in messages:
        if message.message_id not in seen:
            seen.add(message.message_id)
            kept[message.partition] += _lines(message)
    return kept
