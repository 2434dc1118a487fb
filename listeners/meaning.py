"""The second step behind the raw journal: what datagrams mean, a batch in one transaction (D15).

1. read behind the reader's place, whose row is held: two processes at once do no harm;
2. decode, and open what is sealed;
3. find the senders; what is not believed is suspect;
4. leave out what was said before, and what one device says too often;
5. keep the messages, change who is dark, publish events and their lines, note wake-ups;
6. count, move the place, commit. So each datagram counts once, whenever the process is killed.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.events import Event, publish
from devices.outbox.blocks import Blocks, open_transaction
from devices.protocol.pushes import Sealed
from devices.protocol.spontaneous import Kind, Message
from hes.lib.collection import no_collection
from listeners import arrivals, cursors, gasps, power, seals, storing, wake_ups
from listeners.arrivals import Arrived
from listeners.datagrams import decode
from listeners.directory import Directory
from listeners.duplicates import said_before
from listeners.known import Known
from listeners.models import Verdict
from listeners.paces import Pace
from listeners.senders import Senders, Suspicion
from listeners.stamps import stamp_of
from listeners.tally import Tally

READER = "meaning"
BATCH = 10_000
OF_ONE_DEVICE = 10  # messages a second that are believed, about one device
OF_ONE_SOURCE = 10  # suspects a second that are kept, of one address; all are counted
TOO_OFTEN = "too often"


class Understood(NamedTuple):
    """How many datagrams of a call got each verdict."""

    stored: int = 0
    duplicates: int = 0
    suspects: int = 0
    rejected: int = 0

    @property
    def total(self) -> int:
        """All that were read."""
        return sum(self)


NOTHING = Understood()


class _Heard(NamedTuple):
    """A message not yet judged; `opened_by`: the meter under whose keys it opened."""

    arrived: Arrived
    message: Message
    opened_by: int | None


_of_devices, _of_sources = Pace(OF_ONE_DEVICE), Pace(OF_ONE_SOURCE)
_PACES = (_of_devices, _of_sources)


def understand(limit: int = BATCH) -> Understood:
    """Give at most `limit` datagrams their meaning, in one transaction; what was done."""
    with connection.cursor() as cursor:
        if not arrivals.has_more(cursor, cursors.place_of(cursor, READER)):
            return NOTHING
        with no_collection(), transaction.atomic():
            tally = _understand(cursor, limit)
    for pace in _PACES:
        pace.keep()
    return Understood(*(tally.of(verdict) for verdict in Verdict))


def work() -> int:
    """The duty of `hes listen`: one batch; how many datagrams it had."""
    return understand().total


def _understand(cursor: CursorWrapper, limit: int) -> Tally:
    tally = Tally()
    moment = open_transaction(cursor)
    place = cursors.take(cursor, READER)
    arrived = arrivals.read_after(cursor, place, limit) if place else []
    if arrived:
        for pace in _PACES:
            pace.begin()
        known = _judged(cursor, _heard(cursor, arrived, tally), tally)
        _store(cursor, known, moment)
        tally.write(cursor)
        cursors.advance(cursor, READER, arrived[-1].place)
    return tally


def _heard(cursor: CursorWrapper, arrived: Sequence[Arrived], tally: Tally) -> list[_Heard]:
    """What can be understood; the rest is counted."""
    decoded = [decode(one.raw, one.size) for one in arrived]
    opened = seals.open_all(cursor, [said for said in decoded if isinstance(said, Sealed)])
    heard = []
    for one, said in zip(arrived, decoded, strict=True):
        message, opened_by = opened[said] if isinstance(said, Sealed) else (said, None)
        if isinstance(message, Message):
            heard.append(_Heard(one, message, opened_by))
        elif message in seals.SUSPECT:
            _suspect(tally, one, None, Suspicion(message.reason))
        else:
            tally.add(one, Verdict.REJECTED, message.reason)
    return heard


def _judged(cursor: CursorWrapper, heard: Sequence[_Heard], tally: Tally) -> list[Known]:
    """What is believed, new, and not said too often; the rest is counted."""
    known = _believed(cursor, heard, tally)
    new = []
    for one, is_repeated in zip(known, said_before(cursor, known), strict=True):
        if is_repeated:
            tally.add(one.arrived, Verdict.DUPLICATE)
        elif _of_devices.takes((one.concentrator_id, one.meter_id), one.arrived.second):
            tally.add(one.arrived, Verdict.STORED)
            new.append(one)
        else:
            _suspect(tally, one.arrived, one.message, Suspicion(TOO_OFTEN, one.sender.company_id))
    return new


def _believed(cursor: CursorWrapper, heard: Sequence[_Heard], tally: Tally) -> list[Known]:
    directory = Directory(cursor, [(one.message, one.arrived.source) for one in heard])
    senders = Senders(directory, settings.LISTENER_RELAYS)
    known = []
    for arrived, message, opened_by in heard:
        sender = senders.of(message, arrived.source, opened_by)
        if isinstance(sender, Suspicion):
            _suspect(tally, arrived, message, sender)
        else:
            stamp = stamp_of(message, sender.clock, arrived.received)
            known.append(Known.of(arrived, message, sender, stamp))
    return known


def _suspect(tally: Tally, one: Arrived, message: Message | None, why: Suspicion) -> None:
    """Counted in any case; of many from one source a sample is kept."""
    tally.suspect(one, message, why, is_kept=_of_sources.takes(one.source, one.second))


def _store(cursor: CursorWrapper, known: Sequence[Known], moment: datetime) -> None:
    storing.keep(cursor, known)
    storing.keep_last(cursor, known)
    power.record(cursor, filter(None, map(gasps.change_of, known)))
    by_company: dict[int, list[Event]] = defaultdict(list)
    for event in filter(None, map(gasps.event_of, known)):
        by_company[event.company_id].append(event)
    for company_id, own in sorted(by_company.items()):
        blocks = Blocks(company_id, None)
        publish(cursor, own, moment, blocks)
        blocks.store(cursor, moment.date())
    wake_ups.note(cursor, [one for one in known if one.message.kind is Kind.WAKE_UP])
