"""The status page shows what the tables hold, and nothing but safe text."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from devices import partitions
from devices.alarms import clear, raise_alarm
from devices.models import Company, Concentrator, ConcentratorStatus
from integration.export.cursor import Stream, take_over
from integration.models import SinkCursor

pytestmark = pytest.mark.django_db


@pytest.fixture
def concentrator() -> Concentrator:
    company = Company.objects.create(name="Alice Power", code="alice")
    concentrator = Concentrator.objects.create(
        company=company, name="TD-<1>", serial_number="20LVM50A10006010", lv_address=b"123456"
    )
    ConcentratorStatus.objects.create(concentrator=concentrator)
    partitions.ensure_around(datetime.now(UTC).date(), 1)
    return concentrator


def test_an_empty_installation_says_what_is_missing(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "No visit yet" in page
    assert "No file yet" in page
    assert "No sink was started yet" in page


def test_a_visit_is_shown_with_its_outcome_and_names_are_escaped(
    client: Client, concentrator: Concentrator
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO visit (concentrator_id, company_id, worker_id, token, activities, outcome,"
            " ended_at, lines) VALUES (%s, %s, 1, 1, '{load_profile}', 'done', now(), 192)",
            [concentrator.pk, concentrator.company_id],
        )
    page = client.get("/live").content.decode()
    assert "TD-&lt;1&gt;" in page
    assert "load_profile" in page
    assert "1 done" in page


def test_lines_of_today_are_added_up_by_kind(client: Client, concentrator: Concentrator) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO export_block (kind, company_id, day, lines, size, is_compressed, body,"
            " devices, line_starts) VALUES (%s, 1, (now() AT TIME ZONE 'UTC')::date, %s, 9, false,"
            " 'x', '{1}', '{0}')",
            [("S", 96), ("S", 96), ("DC", 2)],
        )
    page = client.get("/live").content.decode()
    assert "S 192, DC 2" in page


def test_sinks_are_shown_with_what_waits_for_them(
    client: Client, concentrator: Concentrator
) -> None:
    company = concentrator.company
    take_over("hub/alice/S", Stream(company.pk, "S"))
    take_over("hub/alice/M", Stream(company.pk, "M"))
    SinkCursor.objects.filter(kind="M").update(is_enabled=False, lines=4_321, last_error="<busy>")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO export_block (kind, company_id, day, lines, size, is_compressed, body,"
            " devices, line_starts) VALUES ('S', %s, (now() AT TIME ZONE 'UTC')::date, 1234, 9,"
            " false, 'x', '{1}', '{0}')",
            [company.pk],
        )
    page = client.get("/live").content.decode()
    assert page.index("hub/alice/S") < page.index("hub/alice/M"), "what lags comes first"
    assert "1,234" in page
    assert "not served" in page
    assert "disabled" in page
    assert "4,321" in page
    assert "&lt;busy&gt;" in page


def test_of_very_many_sinks_those_are_shown_that_lag_most(client: Client) -> None:
    SinkCursor.objects.bulk_create(
        SinkCursor(sink=f"hub/c{number}/S", system_identifier=1, kind="S") for number in range(30)
    )
    page = client.get("/live").content.decode()
    assert page.count("<code>hub/") == 24
    assert "Those of 30 sinks that lag most" in page


def test_open_alarms_stand_at_the_top_until_they_are_over(client: Client) -> None:
    assert "Open alarms" not in client.get("/").content.decode()
    raise_alarm("export_lag", "hub/alice/S", "<b>9 lines</b> wait")
    page = client.get("/").content.decode()
    assert page.index("Open alarms") < page.index("Concentrators")
    assert "&lt;b&gt;9 lines" in page
    clear("export_lag", "hub/alice/S")
    assert "Open alarms" not in client.get("/").content.decode()


def test_pages_ask_nothing_of_other_hosts(client: Client) -> None:
    assert "://" not in client.get("/").content.decode()


def test_the_page_is_only_read(client: Client) -> None:
    assert client.post("/").status_code == 405
