"""The last message of each device and type, with the columns that 000 prints."""

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from devices.protocol.spontaneous import Kind
from hes.domain.time import local_stamp
from listeners import reports
from listeners.reports import CONCENTRATOR_MESSAGES, METER_MESSAGES
from tests.factories import fleets, spoken
from tests.factories.spoken import NOW, heard, said

pytestmark = pytest.mark.django_db(transaction=True)

ZONE, EAST = "Etc/GMT-2", 7200


def shown(report: Any, company_id: int) -> list[dict[str, object]]:
    return [dict(zip(report.columns, row, strict=True)) for row in report.rows(company_id)]


def test_a_concentrator_has_one_row_for_each_type_and_the_last_counts() -> None:
    owner = spoken.concentrator(zone=ZONE)
    for second in (0, 60):
        heard(said(Kind.CONCENTRATOR_OFF, NOW + EAST + second), at=NOW + second + 5)
    raw = said(Kind.CONCENTRATOR_ON, NOW + EAST + 90)
    heard(raw, at=NOW + 95)
    off, on = shown(CONCENTRATOR_MESSAGES, owner.company_id)
    assert (off["spontmessagetype"], on["spontmessagetype"]) == ("LVC_POWER_OFF", "LVC_POWER_ON")
    assert on == {
        "concentrator name": "GIALLOT01",
        "ipaddress": spoken.HOST,
        "spontmessagetype": "LVC_POWER_ON",
        "port": 58693,
        "last date local": text(NOW + EAST + 90),
        "last update utc": text(NOW + 95),
        "last update local": text(NOW + EAST + 95),
        "message": raw.hex().upper(),
    }
    assert off["last date local"] == text(NOW + EAST + 60)


def text(epoch: int) -> str:
    return local_stamp(epoch, 0)[:19]


def test_a_message_that_arrives_late_does_not_become_the_last_one() -> None:
    owner = spoken.concentrator()
    heard(said(Kind.CONCENTRATOR_OFF, NOW), at=NOW + 50)
    heard(said(Kind.CONCENTRATOR_OFF, NOW - 60), at=NOW + 20)  # from another listener's spool
    (row,) = shown(CONCENTRATOR_MESSAGES, owner.company_id)
    assert row["last update utc"] == text(NOW + 50)


def test_a_meter_has_its_rows_with_the_concentrator_that_told() -> None:
    owner = spoken.concentrator()
    fleets.meters(owner, 2)
    kinds = (Kind.METER_LOST, Kind.METER_BACK)
    heard(*[said(kind, mac=fleets.mac(n)) for n in (1, 2) for kind in kinds])
    rows = shown(METER_MESSAGES, owner.company_id)
    assert [(row["meter"], row["spontmessagetype"]) for row in rows] == [
        (f"UAAEEDN{n:011d}", kind.value) for n in (1, 2) for kind in kinds
    ]
    assert {row["concentrator name"] for row in rows} == {"GIALLOT01"}


def test_a_company_sees_its_own_devices_only() -> None:
    owner = spoken.concentrator()
    heard(said(Kind.CONCENTRATOR_OFF))
    other = fleets.company(code="other")
    assert shown(CONCENTRATOR_MESSAGES, other.pk) == []
    assert len(shown(CONCENTRATOR_MESSAGES, owner.company_id)) == 1


def test_pages_leave_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE", 2)
    owner = spoken.concentrator()
    fleets.meters(owner, 5)
    heard(*[said(Kind.METER_LOST, mac=fleets.mac(n)) for n in range(1, 6)])
    names = [row["meter"] for row in shown(METER_MESSAGES, owner.company_id)]
    assert names == [f"UAAEEDN{n:011d}" for n in range(1, 6)]


def test_the_command_shows_them() -> None:
    spoken.concentrator()
    heard(said(Kind.CONCENTRATOR_OFF))
    out = StringIO()
    call_command("listeners", "last", "concentrators", stdout=out)
    head, row = out.getvalue().splitlines()
    assert head.startswith("concentrator name  ipaddress")
    assert re.match(rf"GIALLOT01 +{spoken.HOST} +LVC_POWER_OFF +58693", row)


def test_of_a_company_that_is_not_known_those_there_are_are_named() -> None:
    spoken.concentrator()
    with pytest.raises(CommandError, match="choose by --company one of: demo"):
        call_command("listeners", "last", "meters", "--company", "x")
