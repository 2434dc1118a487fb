"""The status page in a real browser: it renews itself, and says so when the server is gone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.signals import request_started
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from tests.factories import fleets

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
VISIT = """
INSERT INTO visit (concentrator_id, company_id, worker_id, token, outcome, ended_at)
VALUES (%s, %s, 1, 1, 'done', now())
"""
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]


def seen(url: str, profile: Path, milliseconds: int) -> str:
    """The document as it stands after so much time in the browser."""
    run = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", f"--timeout={milliseconds}",
         "--dump-dom", f"--virtual-time-budget={milliseconds}", url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return run.stdout


def test_the_page_renews_what_it_shows_without_a_reload(
    live_server: LiveServer, tmp_path: Path
) -> None:
    fleets.make_partitions()
    concentrator = fleets.concentrator(fleets.company(), None, "TD-<b>")
    asked: list[str] = []

    def visit_after_the_first_page(environ: dict[str, str], **_: object) -> None:
        asked.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/live" and asked.count("/live") == 1:
            with connection.cursor() as cursor:
                cursor.execute(VISIT, [concentrator.pk, concentrator.company_id])

    request_started.connect(visit_after_the_first_page)
    try:
        document = seen(f"{live_server.url}/", tmp_path / "profile", 7000)
    finally:
        request_started.disconnect(visit_after_the_first_page)
    assert asked.count("/live") >= 1
    assert "1 done" in document
    assert "TD-&lt;b&gt;" in document
    assert '<p class="pulse" id="pulse" role="status">live</p>' in document
