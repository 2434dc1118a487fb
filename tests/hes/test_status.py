"""The status page shows what the tables hold, and nothing but safe text."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client

from devices import partitions
from devices.models import Company, Concentrator, ConcentratorStatus

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


def test_pages_ask_nothing_of_other_hosts(client: Client) -> None:
    assert "://" not in client.get("/").content.decode()


def test_the_page_is_only_read(client: Client) -> None:
    assert client.post("/").status_code == 405
