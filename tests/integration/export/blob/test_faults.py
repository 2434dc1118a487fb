"""Whatever is wrong over there: the sink waits, says so, loses nothing, shows no secret."""

import logging
import re
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ServiceRequestError,
    ServiceResponseError,
)
from django.db import connection

from devices import alarms
from integration.export.drain import drain
from integration.export.sinks.blob import target
from integration.export.sinks.blob.faults import explain
from integration.models import BlobCopy, SinkCursor
from tests.factories.azurite import azurite
from tests.factories.processes import wait_until
from tests.integration.export.blob.conftest import Running, copied, settle
from tests.integration.export.writers import lines, store

LARGE = 120_000  # lines, over 4 MiB


@pytest.fixture
def fragile(tmp_path):
    """A service of its own, to be harmed."""
    with azurite(tmp_path / "azurite") as running:
        running.client("box").create_container()
        yield running


def _alarm(name="sink_failing"):
    alarm = alarms.open_alarms().filter(name=name).first()
    return alarm.text if alarm else ""


def test_a_service_that_is_down_is_waited_for(fragile, seal, root):
    names = seal(lines(1, 3))
    fragile.stop()
    with Running(root, fragile.container_url("box")):
        wait_until(_alarm)
        assert re.match(r"since \d{4}-\d\d-\d\d \d\d:\d\d UTC nothing is copied to http", _alarm())
        assert "cannot be reached" in _alarm()
        cursor = SinkCursor.objects.get(sink="blob")
        assert cursor.failing_since
        assert "cannot be reached" in cursor.last_error
        fragile.start()
        wait_until(lambda: copied() == names)
        wait_until(lambda: not _alarm())
    cursor.refresh_from_db()
    assert cursor.failing_since is None
    assert cursor.last_error == ""


def test_a_service_that_freezes_is_left_after_the_time_out_and_caught_up_with(fragile, seal, root):
    first = seal(lines(1))
    with Running(root, fragile.container_url("box")):
        wait_until(lambda: copied() == first)
        fragile.freeze()
        names = seal(lines(2, 3))
        wait_until(_alarm)
        assert "does not answer" in _alarm()
        fragile.thaw()
        wait_until(lambda: copied() == names)
    assert len(list(fragile.client("box").list_blobs())) == len(names)


def test_the_sink_stops_in_time_although_the_service_is_frozen(fragile, seal, root):
    seal(lines(1))
    fragile.freeze()
    with Running(root, fragile.container_url("box")):
        settle()


def test_daily_files_do_not_wait_for_it(fragile, seal, company, today, root):
    fragile.freeze()
    with Running(root, fragile.container_url("box")):
        seal(lines(1))
        store(company, today, lines(2))
        assert [report.rows for report in drain(root)] == [1]


def test_a_missing_container_is_named_and_waited_for(service, box, seal, root):
    names = seal(lines(1))
    with Running(root, service.container_url(f"{box}-new")):
        wait_until(lambda: "the container does not exist; create it" in _alarm())
        service.client(f"{box}-new").create_container()
        wait_until(lambda: copied() == names)


def test_a_signature_for_another_key_is_told_before_anything_waits(service, box, root, company):
    url = re.sub(r"sig=[^&]+", "sig=" + quote("0" * 43 + "=", safe=""), service.container_url(box))
    with Running(root, url):
        wait_until(_alarm)
    assert "refuses the signature" in _alarm()
    assert "HES_BLOB_CONTAINER_URL" in _alarm()


def test_an_expired_signature_is_told_as_such(service, box, seal, root):
    names = seal(lines(1))
    with Running(root, service.container_url(box, expiry=timedelta(days=-3, minutes=-1))):
        wait_until(_alarm)
        settle(0.2)
    assert "has expired on" in _alarm("blob_sas_expiry")
    assert "3 days ago" in _alarm("blob_sas_expiry")
    assert BlobCopy.objects.count() == 0
    with Running(root, service.container_url(box)):
        wait_until(lambda: copied() == names)
        wait_until(lambda: not _alarm() and not _alarm("blob_sas_expiry"))


def test_a_signature_that_runs_out_soon_is_told_while_files_flow(service, box, seal, root):
    names = seal(lines(1))
    with Running(root, service.container_url(box, expiry=timedelta(days=6, minutes=1))):
        wait_until(lambda: copied() == names)
    assert re.search(
        r"expires in 6 days, on \d{4}-\d\d-\d\d \d\d:\d\d UTC", _alarm("blob_sas_expiry")
    )
    assert not _alarm()


def test_one_blob_the_service_will_not_take_does_not_hold_the_others(
    service, box, seal, root, yesterday
):
    """Nobody stages blocks for a name that is leased."""
    seal(lines(1, LARGE), kind="M")
    seal(lines(2))
    blob = service.client(box).get_blob_client(f"demo/M_{yesterday}.csv")
    blob.upload_blob(b"")
    blob.acquire_lease()
    with Running(root, service.container_url(box)):
        wait_until(lambda: len(copied()) == 2)
        wait_until(lambda: _alarm("blob_refused"))
    assert "takes others, but not this" in _alarm("blob_refused")
    assert not _alarm()


def test_a_container_that_goes_while_we_copy_leaves_no_witness(service, box, seal, root, yesterday):
    """The service said no, so a blob that lies there afterwards is not ours."""
    first = seal(lines(1))
    url = service.container_url(box)
    with Running(root, url):
        wait_until(lambda: copied() == first)
        service.client(box).delete_container()
        seal(lines(2))
        wait_until(lambda: "does not exist" in _alarm())
        assert BlobCopy.objects.count() == len(first)
        late = f"demo/S_{yesterday}_2.csv"
        service.client(box).create_container()
        with suppress(ResourceExistsError):  # the sink was quicker
            service.client(box).upload_blob(late, b"somebody else's")
            wait_until(lambda: late in _alarm("blob_refused"))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (ServiceRequestError("no route"), "cannot be reached.*no route"),
        (ServiceResponseError("timed out"), "does not answer"),
        (HttpResponseError("Server busy\nRequestId:1"), r"did not take it.*\(Server busy\)"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
def test_a_fault_is_told_in_a_sentence(fault, said):
    opened = target.from_url("https://a.blob.core.windows.net/box?sp=cw&sig=secret")
    assert re.search(said, explain(fault, opened))


@pytest.mark.parametrize("harm", ["none", "expired", "wrong", "down", "taken"])
def test_the_signature_shows_nowhere(fragile, seal, root, caplog, yesterday, harm):
    """Whatever the SDK and its transport have to say, at the most talkative level."""
    caplog.set_level(logging.DEBUG)
    seal(lines(1))
    expiry = timedelta(days=-1) if harm == "expired" else timedelta(days=3)
    url = fragile.container_url("box", expiry=expiry)
    if harm == "wrong":
        url = re.sub(r"sig=[^&]+", "sig=" + quote("Abc+/" * 8 + "123=", safe=""), url)
    if harm == "taken":
        fragile.client("box").upload_blob(f"demo/S_{yesterday}.csv", b"else")
    if harm == "down":
        fragile.stop()
    caplog.clear()
    with Running(root, url) as running:
        wait_until(lambda: copied() or alarms.open_alarms().exclude(name="blob_sas_expiry"))
        settle(0.2)
    shown = caplog.text + repr(running.service._target) + _all_rows()
    signature = parse_qs(urlsplit(url).query)["sig"][0]
    assert signature not in shown
    assert quote(signature, safe="") not in shown
    assert fragile.key not in shown
    assert "blob" in caplog.text


def _all_rows():
    tables = ("sink_cursor", "blob_copy", "export_alarm", "export_act", "export_file")
    with connection.cursor() as cursor:
        found = []
        for table in tables:
            cursor.execute(f"SELECT {table}::text FROM {table}")
            found += [row for (row,) in cursor.fetchall()]
    assert found
    return "\n".join(found)
