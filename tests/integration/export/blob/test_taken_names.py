"""What lies under a name is never changed: it is ours, or a person is asked."""

import hashlib
from dataclasses import replace

import pytest
from azure.storage.blob import ContentSettings

from devices import alarms
from integration.models import BlobCopy
from tests.factories.processes import wait_until
from tests.integration.export.blob.conftest import QUICK, Running, copied, copy_until, settle
from tests.integration.export.writers import lines

WITH_READ = "cwr"
WITHOUT_READ = "cw"


@pytest.fixture
def csv(seal, yesterday):
    seal(lines(1, 3))
    return f"demo/S_{yesterday}.csv"


def _refusal():
    alarm = alarms.open_alarms().filter(name="blob_refused").first()
    return alarm.text if alarm else ""


def _put(service, box, name, content, **more):
    service.client(box).upload_blob(name, content, **more)


def _properties(service, box, name):
    return service.client(box).get_blob_client(name).get_blob_properties()


def test_a_blob_with_the_same_hash_is_done(service, box, csv, root):
    content = (root / csv).read_bytes()
    _put(service, box, csv, content, metadata={"sha256": hashlib.sha256(content).hexdigest()})
    before = _properties(service, box, csv).etag
    copy_until(root, service.container_url(box, WITH_READ), lambda: len(copied()) == 3)
    assert _properties(service, box, csv).etag == before


def test_a_blob_put_there_by_hand_is_compared_by_size_and_md5(service, box, csv, root):
    content = (root / csv).read_bytes()
    md5 = bytearray(hashlib.md5(content, usedforsecurity=False).digest())
    _put(service, box, csv, content, content_settings=ContentSettings(content_md5=md5))
    copy_until(root, service.container_url(box, WITH_READ), lambda: len(copied()) == 3)


@pytest.mark.parametrize("permissions", [WITH_READ, WITHOUT_READ])
def test_another_content_is_left_alone_and_told_of_while_others_flow(
    service, box, csv, seal, root, permissions
):
    seal(lines(7), kind="M")
    _put(service, box, csv, b"somebody else's")
    with Running(root, service.container_url(box, permissions)):
        wait_until(_refusal)
        wait_until(lambda: len(copied()) == 2)
        settle()
    assert service.client(box).download_blob(csv).readall() == b"somebody else's"
    assert _refusal().startswith(f"{csv}: ")
    assert "move that blob away" in _refusal()
    assert ("give it read (r)" in _refusal()) == (permissions == WITHOUT_READ)
    copy = BlobCopy.objects.get(path=csv)
    assert copy.refused_at
    assert copy.done_at is None
    others = [blob.name for blob in service.client(box).list_blobs()]
    assert f"{csv}.done" not in others, "who sees a marker must find the file"
    assert not any("manifest" in name for name in others)


def test_a_refused_file_goes_when_the_blob_is_moved_away_and_the_alarm_ends(
    service, box, csv, root
):
    _put(service, box, csv, b"somebody else's")
    url = service.container_url(box)
    copy_until(root, url, _refusal)
    service.client(box).delete_blob(csv)
    copy_until(root, url, lambda: len(copied()) == 3 and not _refusal())
    assert service.client(box).download_blob(csv).readall() == (root / csv).read_bytes()


def test_a_refused_file_is_tried_again_without_a_restart(service, box, csv, root):
    _put(service, box, csv, b"somebody else's")
    with Running(root, service.container_url(box), replace(QUICK, retry_refused=0.5)):
        wait_until(_refusal)
        service.client(box).delete_blob(csv)
        wait_until(lambda: len(copied()) == 3)
        wait_until(lambda: not _refusal())


def test_a_repeated_refusal_never_turns_into_done(service, box, csv, root):
    _put(service, box, csv, b"somebody else's")
    for _ in range(3):
        copy_until(root, service.container_url(box, WITHOUT_READ), _refusal)
        with Running(root, service.container_url(box, WITHOUT_READ)):
            settle()
    assert copied() == []


@pytest.mark.parametrize("permissions", [WITH_READ, WITHOUT_READ])
def test_an_upload_whose_answer_was_lost_is_ours(service, box, csv, root, permissions, yesterday):
    content = (root / csv).read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    _put(service, box, csv, content, metadata={"sha256": sha256})
    BlobCopy.objects.create(
        container=f"{service.address}/{box}",
        path=csv,
        day=yesterday,
        size=len(content),
        sha256=sha256,
    )
    copy_until(root, service.container_url(box, permissions), lambda: len(copied()) == 3)
    assert not _refusal()


def test_an_earlier_attempt_with_another_content_proves_nothing(service, box, csv, root, yesterday):
    _put(service, box, csv, b"somebody else's")
    BlobCopy.objects.create(
        container=f"{service.address}/{box}", path=csv, day=yesterday, size=1, sha256="0" * 64
    )
    copy_until(root, service.container_url(box, WITHOUT_READ), _refusal)
    assert copied() == []


def test_an_attempt_that_the_service_refused_proves_nothing(service, box, csv, root):
    """The container is missing at first; when it comes, somebody was quicker than we."""
    url = service.container_url(f"{box}-late")
    copy_until(root, url, lambda: alarms.open_alarms().filter(name="sink_failing").exists())
    service.client(f"{box}-late").create_container()
    _put(service, f"{box}-late", csv, b"somebody else's")
    copy_until(root, url, _refusal)
    assert copied() == []


def test_a_file_that_was_changed_after_sealing_does_not_go_out(service, box, csv, seal, root):
    seal(lines(7), kind="M")
    path = root / csv
    path.write_bytes(path.read_bytes().replace(b"POD", b"DOP"))
    with Running(root, service.container_url(box)):
        wait_until(_refusal)
        wait_until(lambda: len(copied()) == 2)
    assert "not what was sealed" in _refusal()
    assert csv not in [blob.name for blob in service.client(box).list_blobs()]


@pytest.mark.parametrize("missing", ["", ".done"])
def test_a_missing_file_is_told_of_and_the_others_go(service, box, csv, seal, root, missing):
    seal(lines(7), kind="M")
    (root / f"{csv}{missing}").unlink()
    with Running(root, service.container_url(box)):
        wait_until(_refusal)
        wait_until(lambda: any("/M_" in name and name.endswith(".done") for name in copied()))
    cure = "bring it back" if missing else f"`hes export regenerate {csv} --restore`"
    assert cure in _refusal()
