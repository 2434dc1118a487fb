"""What a scraper sees, read back by the official parser."""

import time
from datetime import timedelta

from django.db import OperationalError
from django.db.models.functions import Now
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from devices.alarms import raise_alarm
from hes.metrics import exposition
from integration.export.cursor import Stream, take_over
from integration.export.drain import drain
from integration.export.messages.routes import HEADERS
from integration.models import DeadLetter, ExportFile, SinkCursor
from tests.integration.export.writers import insert, lines, session, store


def _samples():
    found = {}
    for family in text_string_to_metric_families(exposition().decode()):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def test_every_sink_has_its_lag_and_what_it_delivered(company, today):
    store(company, today, lines(1, 3))
    take_over("hub/demo/S", Stream(company.pk, "S"))
    take_over("hub/demo/M", Stream(company.pk, "M"))
    SinkCursor.objects.filter(sink="hub/demo/M").update(
        is_enabled=False, lines=70, messages=4, failing_since=Now() - timedelta(seconds=50)
    )
    seen = _samples()
    assert seen["hes_export_lag_lines", "hub/demo/S"] == 3
    assert seen["hes_export_lag_bytes", "hub/demo/S"] == len(lines(1, 3))
    assert 0 < seen["hes_export_lag_seconds", "hub/demo/S"] < 60
    assert seen["hes_export_lag_seconds", "hub/demo/M"] == 0
    assert seen["hes_export_delivered_lines_total", "hub/demo/M"] == 70
    assert seen["hes_export_delivered_messages_total", "hub/demo/M"] == 4
    assert seen["hes_export_enabled", "hub/demo/S"] == 1
    assert seen["hes_export_enabled", "hub/demo/M"] == 0
    assert seen["hes_export_served", "hub/demo/S"] == 0
    assert 50 <= seen["hes_export_failing_seconds", "hub/demo/M"] < 110


def test_the_horizon_names_the_process_that_holds_it(company, today):
    assert _samples()["export_horizon_age_seconds", "", ""] == 0
    with session() as held:
        insert(held, company, today, lines(1))
        pid_of_holder = held.get_backend_pid()
        ages = {key: age for key, age in _samples().items() if key[0].startswith("export_horizon")}
        held.rollback()
    ((_, _, pid),) = ages
    assert pid == str(pid_of_holder)


def test_alarms_letters_files_and_the_disk_are_there(company, today, root, settings):
    settings.DATABASE_DISK, settings.DISK_FLOOR = root.parent, 1_000
    store(company, today, lines(1))
    drain(root)
    raise_alarm("sink_failing", "hub/demo/S", 'it said "no"')
    DeadLetter.objects.create(
        sink="hub/demo/S", dedup_id="1:0+1", key="1", content_type="text/csv", properties={},
        body=b"1", reason="too large", tries=5,
    )  # fmt: skip
    seen = _samples()
    assert seen["hes_export_alarm", "sink_failing", "hub/demo/S"] == 1
    assert seen["hes_export_dead_letters", "hub/demo/S"] == 1
    assert (seen["hes_export_files_open",], seen["hes_export_files_sealed",]) == (1, 0)
    assert seen["hes_blob_copies_waiting",] == 0
    assert seen["hes_disk_free_bytes", str(root.parent)] > 0
    assert seen["hes_disk_floor_bytes", str(root.parent)] == 1_000
    take_over("blob")
    ExportFile.objects.update(sealed_at=Now())
    seen = _samples()
    assert (seen["hes_export_files_open",], seen["hes_export_files_sealed",]) == (0, 1)
    assert seen["hes_blob_copies_waiting",] == 1


def test_a_disk_that_cannot_be_asked_has_no_sample(company, settings, tmp_path):
    settings.DATABASE_DISK = tmp_path / "absent"
    assert not [key for key in _samples() if key[0] == "hes_disk_free_bytes"]


def test_the_page_serves_the_text_format(client: Client, company):
    response = client.get("/metrics")
    assert response["Content-Type"].startswith("text/plain; version=")
    assert b"# TYPE hes_export_lag_lines gauge" in response.content
    assert client.post("/metrics").status_code == 405


def test_a_lost_database_is_told_to_the_scraper(client: Client, company, monkeypatch):
    def lost():
        raise OperationalError("gone, with details nobody should see")

    monkeypatch.setattr("hes.views.exposition", lost)
    response = client.get("/metrics")
    assert response.status_code == 503
    assert b"details" not in response.content


def test_a_scrape_of_a_company_with_all_its_hubs_is_quick(company, today):
    for kind in HEADERS:
        take_over(f"hub/demo/{kind}", Stream(company.pk, kind))
        store(company, today, lines(1), kind=kind)
    exposition()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        exposition()
        times.append(time.perf_counter() - began)
    assert sorted(times)[2] < 0.5
