"""What a person should look at is raised while it lasts and cleared when it is over."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from devices.alarms import open_alarms, raise_alarm
from devices.models import Alarm
from integration.export import horizon, watch
from integration.export.cursor import Stream, take_over
from integration.export.disabling import disable
from integration.export.drain import drain
from integration.models import BlobCopy, ExportFile, SinkCursor
from integration.tasks import watch as tick
from tests.factories import fleets, visits
from tests.integration.export.test_disabling import _now
from tests.integration.export.writers import insert, lines, session, store

SINK = "hub/demo/S"


@pytest.fixture(autouse=True)
def _quick(settings, tmp_path):
    settings.EXPORT_LAG_ALARM = 0
    settings.DATABASE_DISK, settings.DISK_FLOOR = tmp_path, 0


def _open(name):
    return dict(open_alarms().filter(name=name).values_list("subject", "text"))


def test_a_sink_that_lags_is_named_with_what_waits_until_it_has_caught_up(company, today):
    take_over(SINK, Stream(company.pk, "S"))
    store(company, today, lines(1, 1_200))
    watch.look()
    text = _open("export_lag")[SINK]
    assert text.startswith("1,200 lines wait, the oldest for ")
    assert text.endswith("it is not served")
    SinkCursor.objects.update(xid=2**40)
    watch.look()
    assert _open("export_lag") == {}
    assert Alarm.objects.get().cleared_at


def test_a_lag_below_the_limit_is_ordinary(company, today, settings):
    settings.EXPORT_LAG_ALARM = 300
    take_over(SINK, Stream(company.pk, "S"))
    store(company, today, lines(1))
    watch.look()
    assert _open("export_lag") == {}


def test_the_reason_a_sink_gives_is_part_of_the_alarm(company, today):
    take_over(SINK, Stream(company.pk, "S"))
    SinkCursor.objects.update(failing_since=Now(), last_error="the key is wrong")
    store(company, today, lines(1))
    watch.look()
    assert _open("export_lag")[SINK].endswith(": the key is wrong")


def test_a_disabled_sink_is_a_decision_and_no_alarm(company, today):
    take_over(SINK, Stream(company.pk, "S"))
    store(company, today, lines(1))
    watch.look()
    disable(SINK, _now())
    watch.look()
    assert _open("export_lag") == {}


def test_files_have_a_night_to_be_copied(company, today, root):
    store(company, today, lines(1))
    drain(root)
    take_over("blob")
    ExportFile.objects.update(sealed_at=Now() - timedelta(minutes=30))
    watch.look()
    assert _open("export_lag") == {}
    ExportFile.objects.update(sealed_at=Now() - timedelta(minutes=90))
    watch.look()
    assert set(_open("export_lag")) == {"blob"}
    BlobCopy.objects.create(
        container="c", path=f"{ExportFile.objects.get().path}.done", day=today, size=1,
        sha256="", done_at=Now(),
    )  # fmt: skip
    watch.look()
    assert _open("export_lag") == {}


def test_who_holds_the_horizon_is_named_with_the_cure(company, today, monkeypatch):
    monkeypatch.setattr(horizon, "WARN_AFTER", 0.0)
    with session() as held:
        insert(held, company, today, lines(1))
        pid = held.get_backend_pid()
        watch.look_at_horizon()
        text = _open("export_horizon")[f"pid {pid}"]
        assert "idle in transaction" in text
        assert text.endswith(f"end it: SELECT pg_terminate_backend({pid})")
        held.rollback()
    watch.look_at_horizon()
    assert _open("export_horizon") == {}


def test_a_transaction_of_ordinary_length_is_no_alarm(company, today):
    with session() as held:
        insert(held, company, today, lines(1))
        watch.look_at_horizon()
        held.rollback()
    assert _open("export_horizon") == {}


def test_a_full_disk_is_told_until_there_is_clearly_room(company, settings, monkeypatch):
    free = 900
    monkeypatch.setattr("workorders.disk.free_bytes", lambda _: free)
    settings.DISK_FLOOR = 1_000
    watch.look_at_disk()
    ((subject, text),) = _open("disk_floor").items()
    assert subject.endswith(str(settings.DATABASE_DISK)[-20:])
    assert text.startswith("900 bytes are free, the floor is 1,000")
    for free, is_open in ((1_050, True), (1_101, False), (1_050, False)):
        watch.look_at_disk()
        assert bool(_open("disk_floor")) is is_open, free


def test_the_disk_of_a_host_that_is_gone_is_forgotten(company):
    raise_alarm("disk_floor", "old-host:/data", "9 bytes are free")
    watch.look_at_disk()
    assert set(_open("disk_floor")) == {"old-host:/data"}
    Alarm.objects.update(seen_at=Now() - timedelta(minutes=11))
    watch.look_at_disk()
    assert _open("disk_floor") == {}


def test_many_may_look_at_once(company, today):
    take_over(SINK, Stream(company.pk, "S"))
    store(company, today, lines(1))
    faults = []

    def look():
        try:
            for _ in range(20):
                watch.look()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert Alarm.objects.filter(name="export_lag").count() == 1


def test_the_tick_looks(company, today):
    take_over(SINK, Stream(company.pk, "S"))
    store(company, today, lines(1))
    tick()
    assert set(_open("export_lag")) == {SINK}


def test_collection_waits_for_no_sink(transactional_db):
    """Every sink stands still, one fails, one was given up: the field is recorded all the same."""
    td = visits.visitable(visits.quick_company(), 1, meters=20)
    for kind in ("S", "DC", "HPE"):
        take_over(f"hub/demo/{kind}", Stream(td.company_id, kind))
    take_over("csv_files")
    SinkCursor.objects.filter(kind="S").update(failing_since=Now(), last_error="hub frozen")
    disable("hub/demo/DC", _now())
    visits.due(td)
    progress = visits.drain(visits.field_of((td, visits.device(td, 20))))
    assert (progress.done, progress.failed) == (1, 0)
    assert len(fleets.lines("S")) == 80
    watch.look()
    assert {"csv_files", SINK} <= set(_open("export_lag"))
    assert _open("export_lag")[SINK].startswith("80 lines wait")
