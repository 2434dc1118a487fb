"""The log of a partition: order, places, torn tails, retention."""

import os
import time

import pytest

from integration.eventhub_local.errors import EventHubFault
from integration.eventhub_local.log import SMALLEST_SEGMENT, Cursor, Log, Retention
from integration.eventhub_local.positions import EARLIEST, Position
from integration.eventhub_local.segments import CHUNK, segments_of

HOUR = 3600.0


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = time.time()  # files carry real times

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def opened(tmp_path, clock):
    logs = []

    def opener(retention=Retention()):  # noqa: B008
        logs.append(Log(tmp_path / "0", retention, clock))
        return logs[-1]

    yield opener
    for log in logs:
        log.close()


def read(log, position=EARLIEST):
    cursor, found = Cursor(log, position), []
    while not cursor.is_at(log.end):
        found += cursor.read(log.end)
    cursor.close()
    return found


def bodies(log, position=EARLIEST):
    return [message for _, message in read(log, position)]


def test_messages_come_back_in_order_with_growing_places(opened):
    log = opened()
    log.append([b"a", b"bb"])
    log.append([b"ccc"])
    places, stored = zip(*read(log), strict=True)
    assert stored == (b"a", b"bb", b"ccc")
    assert [place.sequence for place in places] == [0, 1, 2]
    assert len({place.offset for place in places}) == 3
    assert all(place.offset != place.sequence for place in places)
    assert log.last == places[-1]


def test_reading_begins_where_asked(opened, clock):
    log = opened()
    places = []
    for body in (b"a", b"b", b"c"):
        clock.now += 1
        log.append([body])
        places.append(log.last)
    second = places[1]
    for field in ("sequence", "offset", "enqueued"):
        value = getattr(second, field)
        assert bodies(log, Position(field, value)) == [b"c"]
        assert bodies(log, Position(field, value, inclusive=True)) == [b"b", b"c"]
    assert bodies(log, Position("sequence", log.next_sequence, inclusive=True)) == []


def test_reading_begins_where_asked_in_many_segments(opened, clock):
    log = opened(Retention(bytes=64 * SMALLEST_SEGMENT))
    for number in range(200):
        clock.now += 1
        log.append([b"%04d" % number * 5000])
    assert len(log.segments) > 5
    for field in ("sequence", "offset", "enqueued"):
        places = [place for place, _ in read(log)]
        for number in (0, 1, 77, 198):
            first, *_ = read(log, Position(field, getattr(places[number], field)))
            assert first[0] == places[number + 1]


def test_a_batch_longer_than_a_chunk_is_read_whole(opened):
    log = opened()
    log.append([b"x" * (CHUNK + 100), b"y"])
    log.append([b"z"])
    assert [len(body) for body in bodies(log)] == [CHUNK + 100, 1, 1]


def test_a_log_goes_on_where_it_ended(opened):
    opened().append([b"a", b"b"])
    log = opened()
    assert (log.next_sequence, log.last.sequence) == (2, 1)
    log.append([b"c"])
    assert bodies(log) == [b"a", b"b", b"c"]


@pytest.mark.parametrize("torn", [1, 5, 20, 28, 40])
def test_a_torn_tail_is_cut_and_nothing_before_it_is_lost(opened, torn):
    log = opened()
    log.append([b"safe"])
    end = log.end
    log.append([b"in flight", b"when the power went"])
    os.truncate(log.segments[0].path, end + torn)
    reopened = opened()
    assert (reopened.end, reopened.next_sequence) == (end, 1)
    assert reopened.segments[0].path.stat().st_size == end
    reopened.append([b"new"])
    assert bodies(reopened) == [b"safe", b"new"]


def test_a_tail_of_garbage_is_cut(opened):
    log = opened()
    log.append([b"safe"])
    with log.segments[0].path.open("ab") as file:
        file.write(os.urandom(5000))
    assert bodies(opened()) == [b"safe"]


def test_damage_in_the_middle_is_told_and_not_delivered(opened):
    log = opened()
    log.append([b"first"])
    log.append([b"second"])
    with log.segments[0].path.open("r+b") as file:
        file.seek(30)
        file.write(b"\xff\xff")
    with pytest.raises(EventHubFault, match="damaged"):
        bodies(log)


def test_a_batch_the_disk_does_not_take_leaves_nothing_behind(opened, monkeypatch):
    log = opened()
    log.append([b"a"])
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(EventHubFault, match="10 of"):
        log.append([b"too much"])
    monkeypatch.undo()
    log.append([b"b"])
    assert bodies(log) == [b"a", b"b"]


def test_the_oldest_segments_go_when_there_are_too_many_bytes(opened, tmp_path):
    kept = 8 * SMALLEST_SEGMENT
    log = opened(Retention(bytes=kept))
    for _ in range(200):
        log.append([b"x" * 10_000])
    on_disk = sum(path.stat().st_size for path in (tmp_path / "0").glob("*.log"))
    assert on_disk <= kept + SMALLEST_SEGMENT + 20_000
    first, *_, last = read(log)
    assert first[0].sequence == log.segments[0].sequence > 0
    assert last[0].sequence == 199


def test_the_oldest_segments_go_when_their_time_is_over(opened, clock):
    log = opened(Retention(hours=24))
    log.append([b"old"])
    os.utime(log.segments[0].path, (clock.now, clock.now))
    clock.now += 25 * HOUR
    log.keep_house()
    assert bodies(log) == []
    log.append([b"new"])
    assert [(place.sequence, body) for place, body in read(log)] == [(1, b"new")]


def test_numbers_go_on_after_everything_was_let_go(opened, clock):
    log = opened(Retention(hours=1))
    log.append([b"old"])
    os.utime(log.segments[0].path, (clock.now, clock.now))
    clock.now += 2 * HOUR
    log.keep_house()
    assert opened(Retention(hours=1)).next_sequence == 1


def test_a_damaged_old_segment_does_not_stop_the_log_from_going_on(opened, clock):
    log = opened(Retention(hours=80))
    log.append([b"a"])
    log.append([b"b"])
    clock.now += 20 * HOUR
    log.keep_house()
    old, present = log.segments
    with old.path.open("r+b") as file:
        file.write(b"\xff" * 8)
    reopened = opened(Retention(hours=80))
    assert (reopened.next_sequence, reopened.end) == (2, present.offset)
    reopened.append([b"c", b"d"])
    assert bodies(reopened, Position("sequence", 2)) == [b"d"]


def test_a_reader_whose_segment_is_gone_goes_on_with_the_oldest(opened):
    log = opened(Retention(bytes=8 * SMALLEST_SEGMENT))
    log.append([b"first"])
    cursor = Cursor(log, EARLIEST)
    for _ in range(200):
        log.append([b"x" * 10_000])
    (place, _), *_ = cursor.read(log.end)
    cursor.close()
    assert place.sequence == log.segments[0].sequence > 0


def test_time_never_goes_back(opened, clock):
    log = opened()
    log.append([b"a"])
    clock.now -= 100
    log.append([b"b"])
    (first, _), (second, _) = read(log)
    assert second.enqueued == first.enqueued


def test_segments_are_named_by_their_beginning(opened, tmp_path):
    log = opened(Retention(bytes=8 * SMALLEST_SEGMENT))
    for _ in range(5):
        log.append([b"x" * SMALLEST_SEGMENT])
    assert len(log.segments) == 5
    assert segments_of(tmp_path / "0") == log.segments
