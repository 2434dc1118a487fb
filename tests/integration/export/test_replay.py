"""A hub is asked to send again: what is asked for, what is refused, what is written down."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.db.models.functions import Now

from devices.models import ExportBlock
from integration.export import acts, replay
from integration.export.actions import replay as action
from integration.export.cursor import Stream, take_over
from integration.export.known import UnknownSink
from integration.export.moments import moment, spans
from integration.export.replay import ReplayRefused, ask
from integration.models import ExportAct, SinkCursor, SinkReplay
from tests.integration.export.writers import insert, lines, session, store

SINK = "hub/demo/S"


@pytest.fixture
def sink(company):
    take_over(SINK, Stream(company.pk, "S"))
    return SINK


def _deliver(company, day, *texts):
    """Blocks that the live stream has passed."""
    with session() as connection:
        for text in texts:
            position = insert(connection, company, day, text)
        connection.commit()
    SinkCursor.objects.update(xid=position[0], block_id=position[1])


def _now():
    return datetime.now(UTC)


def _hour_ago():
    return _now() - timedelta(hours=1)


def test_a_replay_tells_what_it_will_send_and_who_asked(company, today, sink):
    _deliver(company, today, lines(1, 3), lines(4))
    store(company, today, lines(5))  # comes live anyway
    store(company, today, lines(1), kind="M")
    begins, ends = _now() - timedelta(minutes=1), _now()
    asked = ask(SINK, begins, ends, "alice")
    assert (asked.progress.blocks, asked.progress.left, asked.missing) == (2, 4, [])
    wish = SinkReplay.objects.get()
    assert (wish.sink, wish.begins, wish.ends, wish.asked_by) == (SINK, begins, ends, "alice")
    act = ExportAct.objects.get()
    assert (act.act, act.subject, act.who) == ("replay", SINK, "alice")
    assert act.detail == {
        "begins": begins.isoformat(), "ends": ends.isoformat(), "lines": 4, "missing": "",
    }  # fmt: skip


def test_only_the_span_is_sent(company, today, sink):
    _deliver(company, today, lines(1, 2), lines(3))
    first = ExportBlock.objects.order_by("id").first().recorded_at
    tick = timedelta(microseconds=1)
    assert ask(SINK, first, first + tick).progress.left == 2
    with pytest.raises(ReplayRefused, match="before it begins"):
        ask(SINK, first, first)


def test_progress_counts_what_is_left(company, today, sink):
    _deliver(company, today, lines(1, 3), lines(4, 2))
    now = _now()
    ask(SINK, now.replace(hour=0, minute=0, second=0, microsecond=0), now)
    block = ExportBlock.objects.order_by("id").first()
    SinkReplay.objects.update(xid=SinkCursor.objects.get().xid, block_id=block.id, lines=3)
    (progress,) = replay.under_way()
    assert (progress.sent, progress.left) == (3, 2)
    SinkReplay.objects.update(done_at=Now())
    assert replay.under_way() == []


@pytest.mark.parametrize(("name", "instead"), [("csv_files", "regenerate"), ("blob", "verify DAY")])
def test_files_and_copies_are_not_replayed_and_the_way_to_do_it_is_named(company, name, instead):
    take_over(name)
    with pytest.raises(ReplayRefused, match=instead):
        ask(name, _hour_ago(), _now())


def test_an_unknown_sink_is_refused_with_the_names_there_are(company, sink):
    with pytest.raises(UnknownSink, match=r"no sink 'hub/demo/X' .* there are: hub/demo/S"):
        ask("hub/demo/X", _hour_ago(), _now())


def test_the_future_and_a_disabled_sink_are_refused(company, sink):
    with pytest.raises(ReplayRefused, match="yet to come"):
        ask(SINK, _hour_ago(), _now() + timedelta(minutes=5))
    SinkCursor.objects.update(is_enabled=False)
    with pytest.raises(ReplayRefused, match="hes export enable hub/demo/S"):
        ask(SINK, _hour_ago(), _now())
    assert not SinkReplay.objects.exists()


def test_days_that_are_gone_are_named_and_skipped_only_when_asked_for(company, today, sink):
    begins = datetime(2026, 1, 1, 12, tzinfo=UTC)
    ends = datetime(2026, 1, 4, tzinfo=UTC)  # midnight belongs to the day after
    with pytest.raises(ReplayRefused, match="no blocks are kept of 2026-01-01 to 2026-01-03;"):
        ask(SINK, begins, ends)
    told = []
    options = {"sink": SINK, "begins": begins, "ends": ends, "who": "bob", "partial": True}
    assert action.run(told.append, **options) == 0
    assert told == [
        "hub/demo/S will send 0 blocks with 0 lines again",
        "without 2026-01-01 to 2026-01-03: no blocks are kept of these days",
    ]


def test_the_wish_and_its_record_stand_or_fall_together(company, sink, monkeypatch):
    def fail(*_, **__):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(acts, "note", fail)
    with pytest.raises(DatabaseError, match="full"):
        ask(SINK, _now() - timedelta(seconds=1), _now())
    assert not SinkReplay.objects.exists()


def test_times_are_utc_unless_they_say_otherwise():
    assert moment("2026-11-20T08:00") == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert moment("2026-11-20T08:00-03:00") == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert moment("2026-11-20T08:00Z") == moment("2026-11-20 08:00")
    with pytest.raises(ArgumentTypeError, match="'yesterday' is no time; write ISO 8601"):
        moment("yesterday")
    with pytest.raises(ArgumentTypeError, match="before the year 2000"):
        moment("0001-01-01T00:00+01:00")


def test_days_are_told_as_spans():
    days = [datetime(2026, 10, day, tzinfo=UTC).date() for day in (5, 1, 2, 3)]
    assert spans(days) == "2026-10-01 to 2026-10-03, 2026-10-05"


def test_the_command_line_understands_it(company, today, sink, capsys):
    _deliver(company, today, lines(1, 3))
    span = ["--from", f"{today}T00:00Z", "--to", f"{_now():%Y-%m-%dT%H:%M:%S.%fZ}"]
    call_command("export", "replay", "--sink", SINK, *span, "--as", "carol")
    assert "will send 1 blocks with 3 lines again" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no sink 'x'"):
        call_command("export", "replay", "--sink", "x", *span)
