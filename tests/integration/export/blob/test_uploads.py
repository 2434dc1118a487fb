"""Sealed files become blobs: whole, once, in the order a reader relies on."""

import gzip
import hashlib
import re

from devices import alarms
from devices.models import Company
from integration.export.drain import drain
from integration.export.sinks.blob import target
from integration.models import BlobCopy, ExportFile, SinkCursor
from tests.factories.processes import wait_until
from tests.integration.export.blob.conftest import Running, copied, copy_until, on_disk, settle
from tests.integration.export.writers import lines, store

LARGE = 120_000  # lines, over 4 MiB


def _names(service, box):
    return sorted(blob.name for blob in service.client(box).list_blobs())


def _download(service, box, name):
    return service.client(box).download_blob(name).readall()


def test_files_markers_and_manifest_arrive_as_they_are(service, box, seal, root):
    seal(lines(1, 3))
    names = seal(lines(1, LARGE), kind="M")
    assert max((root / name).stat().st_size for name in names) > 4 * 1024 * 1024
    copy_until(root, service.container_url(box), lambda: copied() == names)
    assert _names(service, box) == names
    for name in names:
        assert _download(service, box, name) == (root / name).read_bytes()


def test_a_blob_carries_its_hash_its_rows_and_its_type(service, box, seal, root, yesterday):
    names = seal(lines(1, 3))
    copy_until(root, service.container_url(box), lambda: copied() == names)
    client = service.client(box)
    csv = client.get_blob_client(f"demo/S_{yesterday}.csv").get_blob_properties()
    content = (root / csv.name).read_bytes()
    assert csv.metadata == {"sha256": hashlib.sha256(content).hexdigest(), "rows": "3"}
    assert csv.content_settings.content_type == "text/csv"
    done = client.get_blob_client(f"{csv.name}.done").get_blob_properties()
    assert done.content_settings.content_type == "application/json"


def test_the_file_goes_before_its_marker_and_the_manifest_last(service, box, seal, root):
    seal(lines(1), kind="M")
    names = seal(lines(2))
    copy_until(root, service.container_url(box), lambda: copied() == names)
    order = [copy.path for copy in BlobCopy.objects.order_by("done_at")]
    assert [re.sub(r".*/(\w)[^.]*", r"\1", name) for name in order] == [
        "M.csv",
        "M.csv.done",
        "S.csv",
        "S.csv.done",
        *(["m.json"] * 2),
    ]
    begun = BlobCopy.objects.order_by("begun_at").values_list("path", flat=True)
    assert list(begun) == order, "a row is committed before its upload"


def test_files_of_today_and_days_that_are_not_sealed_stay(service, box, company, today, root):
    store(company, today, lines(1))
    drain(root)
    with Running(root, service.container_url(box)):
        settle()
    assert _names(service, box) == []
    assert not BlobCopy.objects.exists()


def test_nothing_is_uploaded_again_after_a_restart(service, box, seal, root):
    names = seal(lines(1, 3))
    copy_until(root, service.container_url(box), lambda: copied() == names)
    before = {blob.name: blob.last_modified for blob in service.client(box).list_blobs()}
    moved = SinkCursor.objects.get(sink="blob").bytes
    assert moved == sum((root / name).stat().st_size for name in names)
    with Running(root, service.container_url(box)):
        settle()
    assert {blob.name: blob.last_modified for blob in service.client(box).list_blobs()} == before
    assert SinkCursor.objects.get(sink="blob").bytes == moved


def test_late_data_bring_a_further_file_and_manifest(service, box, seal, root, yesterday):
    first = seal(lines(1))
    with Running(root, service.container_url(box)):
        wait_until(lambda: copied() == first)
        names = seal(lines(2))
        assert f"demo/manifest_{yesterday}_2.json" in names
        wait_until(lambda: copied() == names)


def test_each_company_has_its_own_manifest(service, box, company, seal, root, yesterday):
    other = Company.objects.create(name="Other", code="other")
    store(other, yesterday, lines(5))
    names = seal(lines(1))
    assert f"other/manifest_{yesterday}.json" in names
    copy_until(root, service.container_url(box), lambda: copied() == names)


def test_a_file_that_was_packed_before_goes_as_plain_text(service, box, seal, root, yesterday):
    names = seal(lines(1, 50))
    path = root / f"demo/S_{yesterday}.csv"
    plain = path.read_bytes()
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(plain))
    path.unlink()
    copy_until(root, service.container_url(box), lambda: copied() == names)
    assert _download(service, box, f"demo/S_{yesterday}.csv") == plain


def test_a_file_that_was_removed_is_not_asked_for(service, box, seal, root, yesterday):
    seal(lines(1), kind="M")
    names = seal(lines(2))
    for name in (f"demo/M_{yesterday}.csv", f"demo/M_{yesterday}.csv.done"):
        (root / name).unlink()
        names.remove(name)
    ExportFile.objects.filter(kind="M").update(removed_at="2026-01-01T00:00Z")
    copy_until(root, service.container_url(box), lambda: copied() == names)


def test_a_connection_string_serves_as_well(service, box, seal, root):
    names = seal(lines(1))
    opened = target.from_connection_string(service.connection_string, box)
    assert opened.expires is None
    running = Running(root, service.container_url(box))
    running.service._target = opened
    with running:
        wait_until(lambda: copied() == names)


def test_the_sink_writes_no_file(service, box, seal, root):
    names = seal(lines(1, 3))
    before = {name: (root / name).stat().st_mtime_ns for name in names}
    copy_until(root, service.container_url(box), lambda: copied() == names)
    assert {name: (root / name).stat().st_mtime_ns for name in on_disk(root)} == before


def test_a_second_process_is_a_spare(service, box, seal, root):
    names = seal(lines(1, 3))
    url = service.container_url(box)
    with Running(root, url), Running(root, url):
        wait_until(lambda: copied() == names)
        settle(0.2)
        assert SinkCursor.objects.get(sink="blob").owner_epoch == 1


def test_a_disabled_sink_uploads_nothing_until_it_is_enabled(service, box, seal, root):
    names = seal(lines(1))
    url = service.container_url(box)
    with Running(root, url):
        wait_until(lambda: copied() == names)
        SinkCursor.objects.filter(sink="blob").update(is_enabled=False)
        more = seal(lines(2))
        settle()
        assert copied() == names
        SinkCursor.objects.filter(sink="blob").update(is_enabled=True)
        wait_until(lambda: copied() == more)


def test_a_damaged_packed_file_does_not_go_out(service, box, seal, root, yesterday):
    seal(lines(1, 50))
    path = root / f"demo/S_{yesterday}.csv"
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes())[:-9])
    path.unlink()
    refused = BlobCopy.objects.filter(refused_at__isnull=False)
    copy_until(root, service.container_url(box), refused.exists)
    assert "damaged" in refused.get().reason
    assert _names(service, box) == []


def test_a_folder_that_is_not_mounted_is_waited_for(service, box, seal, root):
    names = seal(lines(1))
    root.rename(root.with_name("elsewhere"))
    with Running(root, service.container_url(box)):
        wait_until(lambda: alarms.open_alarms().filter(name="sink_failing").exists())
        root.with_name("elsewhere").rename(root)
        wait_until(lambda: copied() == names)
    assert not alarms.open_alarms().exists()


def test_an_upload_under_way_ends_when_the_sink_is_asked_to_stop(service, box, seal, root):
    seal(lines(1, 3 * LARGE))
    with Running(root, service.container_url(box)) as running:
        wait_until(BlobCopy.objects.exists)
        running.stop.set()
    assert copied() == []
    assert _names(service, box) == []
