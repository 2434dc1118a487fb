"""Health probes."""

import pytest
from django.db import DatabaseError, connection


def test_live_answers_without_the_database(client):
    assert client.get("/health/live").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_asks_the_database(client):
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": True}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready_says_no_when_the_database_does_not_answer(client, monkeypatch):
    def broken() -> None:
        raise DatabaseError("password=canary")

    monkeypatch.setattr(connection, "cursor", broken)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert b"canary" not in response.content


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_probes_only_read(client, path):
    assert client.post(path).status_code == 405
