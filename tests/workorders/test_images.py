"""Images come in, are released by another person, and are chosen by orders; blocks by range."""

from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection

from devices.drivers.duties import Firmware
from devices.meter_models import ensure_meter_models
from devices.models import Concentrator, Meter, MeterModel
from tests.factories.ordered import accepted, asked, fleet, meter, state, submit, visit
from workorders import deeds, orders, submission
from workorders.activities.orders.base import Later, Result
from workorders.activities.orders.image_transfer import (
    FetchBlocks,
    FirmwareShown,
    NoteUpdate,
    UpdateFailed,
    WorkedBefore,
)
from workorders.models import FirmwareImage, WorkOrder

pytestmark = pytest.mark.django_db(transaction=True)
RAW = bytes(range(256)) * 40


@pytest.fixture
def td(tmp_path):
    """A concentrator with three meters of CERM1, and two released images."""
    made = fleet()
    ensure_meter_models()
    Meter.objects.update(model=MeterModel.objects.get(code="CERM1"))
    (tmp_path / "cerm1-12.bin").write_bytes(RAW)
    (tmp_path / "lvc-17.bin").write_bytes(RAW[:5_000])
    added(tmp_path / "cerm1-12.bin", "--target", "meter", "--model", "CERM1", "--version", "12")
    added(tmp_path / "lvc-17.bin", "--target", "concentrator", "--version", "050117")
    for name in ("cerm1-12", "lvc-17"):
        firmware("release", name, "--as", "bob")
    return made


def firmware(*arguments) -> str:
    out = StringIO()
    call_command("firmware", *map(str, arguments), stdout=out)
    return out.getvalue()


def added(file, *arguments) -> str:
    return firmware("add", file, *arguments, "--as", "ada")


def update(td: Concentrator, number: int = 1, image: str = "cerm1-12", **options) -> WorkOrder:
    return submit(td, "meter_firmware", number, parameters={"image": image}, **options)


def rejected(td: Concentrator, kind: str = "meter_firmware", image="cerm1-12", **options) -> str:
    [answer] = submission.submit([asked(td, kind, parameters={"image": image}, **options)])
    return str(answer.rejected)


# --- images ---------------------------------------------------------------------------------------


def test_an_image_waits_for_another_person_and_is_listed(td, tmp_path):
    file = tmp_path / "next.bin"
    file.write_bytes(b"next")
    told = added(file, "--target", "meter", "--model", "CERM1", "--version", "13")
    assert sha256(b"next").hexdigest() in told
    with pytest.raises(CommandError, match="ada added image next: another person releases it"):
        firmware("release", "next", "--as", "ada")
    assert "is not released" in rejected(td, image="next")
    firmware("release", "next", "--as", "bob")
    with pytest.raises(CommandError, match="released by bob already"):
        firmware("release", "next", "--as", "eve")
    assert firmware("list").splitlines()[1].split()[:4] == ["next", "meter", "CERM1", "13"]
    assert update(td, image="next").parameters["version"] == "13"


@pytest.mark.parametrize(
    ("name", "content", "arguments", "text"),
    [
        ("a", b"x", ("--target", "meter", "--version", "1"), "no meter model is called ''"),
        ("a", b"x", ("--target", "meter", "--model", "X", "--version", "1"), "there are CERM1"),
        ("a", b"x", ("--target", "concentrator", "--model", "CERM1", "--version", "1"), "no meter"),
        ("a", b"", ("--target", "concentrator", "--version", "1"), "is empty"),
        ("a", None, ("--target", "concentrator", "--version", "1"), "No such file"),
        ("a", b"x", ("--target", "concentrator", "--version", "1;2"), "version '1;2'"),
        ("lvc-17", b"x", ("--target", "concentrator", "--version", "1"), "give another"),
    ],
)
def test_an_image_that_cannot_be_used_is_refused_with_its_cure(
    td, tmp_path, name, content, arguments, text
):
    file = tmp_path / "other" / f"{name}.bin"
    file.parent.mkdir()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=text):
        added(file, *arguments)
    assert FirmwareImage.objects.count() == 2


def test_the_application_can_release_an_image_and_never_change_or_remove_it(td):
    for statement in (
        "UPDATE firmware_image SET data = 'x'",
        "UPDATE firmware_image SET version = '9'",
        "DELETE FROM firmware_image",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as c:
            c.execute(statement)


def test_the_bytes_of_an_image_are_kept_so_that_a_range_is_read_alone(td):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attstorage FROM pg_attribute WHERE attrelid = 'firmware_image'::regclass"
            " AND attname = 'data'"
        )
        assert cursor.fetchone()[0] in ("e", b"e")


# --- orders ---------------------------------------------------------------------------------------


def test_an_order_carries_the_facts_of_its_image(td):
    image = FirmwareImage.objects.get(identifier="cerm1-12")
    facts = {"image": "cerm1-12", "image_id": image.pk, "version": "12", "size": len(RAW)}
    assert update(td).parameters == facts


@pytest.mark.parametrize(
    ("kind", "image", "told"),
    [
        ("meter_firmware", "lvc-17", "[5.8] parameter image is 'lvc-17' - no such image"),
        ("meter_firmware", "cerm9", "[5.8] parameter image is 'cerm9' - no such image"),
    ],
)
def test_an_image_that_is_not_there_or_for_others_is_refused(td, kind, image, told):
    assert rejected(td, kind, image).startswith(told)


def test_an_image_of_another_meter_model_is_refused(td):
    Meter.objects.filter(pk=meter().pk).update(model=MeterModel.objects.get(code="CERT1"))
    assert rejected(td) == "[2.29] image cerm1-12 is for CERM1, the meter is a CERT1"


def test_a_device_takes_one_image_at_a_time_and_the_same_request_is_the_same_order(td):
    first = update(td, outer_id="A")
    assert rejected(td) == f"[6.1] order {first.pk} updates this device already - cancel it first"
    assert update(td, outer_id="A").pk == first.pk
    twice = [asked(td, "meter_firmware", 2, parameters={"image": "cerm1-12"}) for _ in range(2)]
    assert [bool(each.rejected) for each in submission.submit(twice)] == [False, True]
    submission.cancel(first.pk, "ada")
    assert update(td).pk != first.pk


def test_a_concentrator_and_its_meter_are_two_devices(td):
    update(td)
    own = asked(td, "concentrator_firmware", meter=None, concentrator=td.serial_number,
                parameters={"image": "lvc-17"})  # fmt: skip
    assert accepted(submission.submit([own])[0]).parameters["version"] == "050117"


@pytest.mark.parametrize(
    ("first", "count", "begin", "sizes"),
    [(0, 3, 0, [200] * 3), (50, 32, 10_000, [200, 40]), (51, 1, 10_200, [40])],
)
def test_blocks_are_read_by_range_and_the_last_may_be_shorter(td, first, count, begin, sizes):
    order, claim = update(td), visit()
    taken = orders.take(claim)
    image = order.parameters["image_id"]
    found = deeds.do(taken, claim, FetchBlocks(image, first, 200, count))
    assert [len(block) for block in found] == sizes
    assert b"".join(found) == RAW[begin : begin + sum(sizes)]


def test_an_order_knows_whether_it_has_worked_before(td):
    update(td)
    claim = visit()
    taken = orders.take(claim)
    assert deeds.do(taken, claim, WorkedBefore()) is False
    orders.continue_later(taken, claim, Later(0, "200 of 1500 blocks"))
    assert deeds.do(orders.take(claim), claim, WorkedBefore()) is True


def test_the_version_a_meter_shows_goes_into_the_inventory_with_the_end_of_the_order(td):
    order, claim = update(td), visit()
    result = Result(True, "3.7.31.24", "OK", effects=(FirmwareShown(Firmware("12")),))
    orders.finish(orders.take(claim), claim, result)
    assert (state(order), meter().firmware, meter(2).firmware) == ("done", "12", "")
    td.refresh_from_db()
    assert (td.software_version, td.software_update_state) == ("", "")


def test_a_concentrator_shows_how_far_its_update_is_and_how_it_ended(td):
    def own():
        request = asked(td, "concentrator_firmware", meter=None, concentrator=td.serial_number,
                        parameters={"image": "lvc-17"})  # fmt: skip
        return accepted(submission.submit([request])[0])

    own()
    claim = visit()
    taken = orders.take(claim)
    deeds.do(taken, claim, NoteUpdate(NoteUpdate.TRANSFERRING))
    td.refresh_from_db()
    assert td.software_update_state == "transferring"
    orders.finish(taken, claim, Result(False, "26.0.0.79", "no", effects=(UpdateFailed(),)))
    td.refresh_from_db()
    assert (td.software_update_state, td.software_version) == ("failed", "")
    own()
    shown = FirmwareShown(Firmware("050117", 23))
    orders.finish(orders.take(claim), claim, Result(True, "", "OK", effects=(shown,)))
    td.refresh_from_db()
    seen = td.software_update_state, td.software_version, td.software_number
    assert seen == ("activated", "050117", 23)
