"""Broken rows: all faults at once, nothing half-written, no key told anywhere."""

import csv
import io
import logging

import pytest
from django.db import connection

from devices import keys, provisioning
from devices.choices import Holder
from devices.models import Company, DeviceSecret, Meter, MeterModel, MeterStatistics, UsagePoint
from tests.devices.imports import files

pytestmark = pytest.mark.django_db
CANARY = "CA0A7C0FFEE0CA0A7C0FFEE0CA0A7C0F"


def told(report):
    return [(fault.line, fault.column, fault.problem) for fault in report.faults]


def test_all_faults_of_a_file_are_told_at_once_and_nothing_is_written(load):
    load("meters", files.meters(files.meter(1)))
    pair = files.key(), files.key()
    report = load(
        "meters",
        files.meters(
            files.meter(1, mac="850555FFFFFF"),
            files.meter(2, mac="8505550ZZZZZ", tag="a\x07b"),
            files.meter(3, mac="850555000001"),
            files.meter(4, *pair),
            files.meter(5, *pair),
            files.meter(6, secondary=""),
            files.meter(6),
            files.meter(7, serial="XYZ123"),
            "UAAEEDN11100000008;too;few",
            files.meter(9),
        ),
    )
    assert told(report) == [
        (2, "serialnumber", "exists already"),
        (3, "macaddress", "is not a MAC address"),
        (3, "tag", "contains ; or a quote, line break or control character"),
        (4, "macaddress", "is in use"),
        (5, "primarykey", "stands also in line 6"),
        (6, "primarykey", "stands also in line 5"),
        (7, "macaddress", "stands also in line 8"),
        (7, "primarykey", "only one of primarykey and secondarykey is given"),
        (7, "serialnumber", "stands also in line 8"),
        (8, "macaddress", "stands also in line 7"),
        (8, "serialnumber", "stands also in line 7"),
        (9, "serialnumber", "belongs to no known meter model"),
        (10, "", "has 3 fields instead of 9"),
    ]
    assert all(fault.advice for fault in report.faults)
    assert (report.rows, report.rejected, report.created) == (10, 9, 0)
    assert Meter.objects.count() == 1


def test_the_good_rows_alone_are_written_when_asked_for(load):
    data = files.meters(files.meter(1), files.meter(2, mac="no"), files.meter(3))
    report = load("meters", data, valid_rows_only=True)
    assert (report.created, report.rejected) == (2, 1)
    assert Meter.objects.count() == MeterStatistics.objects.count() == 2
    assert DeviceSecret.objects.count() == 4


def test_a_dry_run_counts_and_writes_nothing(load):
    report = load("meters", files.meters(files.meter(1), files.meter(2)), dry_run=True)
    assert (report.created, report.dry_run) == (2, True)
    assert not Meter.objects.exists()
    assert not DeviceSecret.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_failure_in_the_last_step_leaves_nothing_of_the_steps_before(load, monkeypatch):
    """The row of the last step exists already: its constraint breaks after meters and keys."""
    insert = "INSERT INTO meter_statistics (meter_id) SELECT target_id FROM import_row"
    execute = provisioning.Run.execute

    def breaking(self, sql, **values):
        affected = execute(self, sql, **values)
        return execute(self, insert) if sql == insert else affected

    monkeypatch.setattr(provisioning.Run, "execute", breaking)
    with pytest.raises(provisioning.ChangedMeanwhile) as refusal:
        load("meters", files.meters(files.meter(1, CANARY)))
    assert CANARY not in repr(refusal.value)
    assert not Meter.objects.exists()
    assert not DeviceSecret.objects.exists()


def test_a_serial_of_another_company_is_in_use_elsewhere_and_no_more_is_said(load):
    other = Company.objects.create(name="Italia", code="italia")
    load("meters", files.meters(files.meter(1)), company=other)
    report = load("meters", files.meters(files.meter(1)))
    assert told(report) == [
        (2, "macaddress", "is in use elsewhere"),
        (2, "serialnumber", "is in use elsewhere"),
    ]
    assert "Italia" not in repr(report)
    report = load("meters", files.meters(files.meter(1)), "change")
    assert (2, "serialnumber", "is no known meter") in told(report)


def test_a_pair_that_any_device_holds_or_held_is_refused(load):
    pair = files.key(), files.key()
    load("meters", files.meters(files.meter(1, *pair)))
    assert told(load("meters", files.meters(files.meter(2, *pair)))) == [
        (2, "primarykey", "the key pair is in use already")
    ]
    assert load("meters", files.meters(files.meter(1)), "change").changed == 1
    assert told(load("meters", files.meters(files.meter(2, *pair)))) == [
        (2, "primarykey", "the key pair is in use already")
    ]


def test_a_swapped_pair_is_another_pair(load):
    first, second = files.key(), files.key()
    data = files.meters(files.meter(1, first, second), files.meter(2, second, first))
    assert load("meters", data).created == 2


def test_the_longest_serial_prefix_decides_the_model(load):
    MeterModel.objects.create(code="SPECIAL", phases="poly", serial_prefix="UAAEEDN111")
    load("meters", files.meters(files.meter(1), files.meter(2, serial="UAAEEDN11200000002")))
    models = dict(Meter.objects.values_list("serial_number", "model__code"))
    assert models == {"UAAEEDN11100000001": "SPECIAL", "UAAEEDN11200000002": "CERM1"}


def test_unknown_names_are_listed_once_with_their_count(load):
    header = "code;substationname;description"
    rows = [f"T{number};{'North' if number % 3 else 'South'};" for number in range(9)]
    report = load("transformers", files.csv(header, *rows))
    assert [(fault.line, fault.value, fault.rows) for fault in report.faults] == [
        (2, "South", 3),
        (3, "North", 6),
    ]
    assert report.rejected == 9


def test_a_half_position_is_refused(load):
    report = load("usage_points", files.pods("P1;;;45,4;;;;", "P2;;;95;9;;;", "P3;;;nan;9;;;"))
    assert told(report) == [
        (2, "latitude", "only one of latitude and longitude is given"),
        (3, "latitude", "is outside -90 to 90"),
        (4, "latitude", "is not a decimal number"),
    ]


def test_a_text_that_a_spreadsheet_would_run_is_refused(load):
    report = load(
        "usage_points", files.pods("P1;=1+1;;;;;;", "P2;@SUM(A1);;;;;;", "P3;;;-33,4;-70;;;")
    )
    assert [fault.line for fault in report.faults] == [2, 3]


def test_rejected_rows_come_back_as_csv_with_their_errors(load):
    out = io.StringIO()
    data = files.pods("P1;Street;Milan;x;9;;tag;maybe", "P2;;;;;;;", "P3;=1;;;;;;", "P4;")
    load("usage_points", data, rejected=out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue()), delimiter=";"))
    assert [row["name"] for row in rows] == ["P1", "P3", "P4"]
    assert rows[0]["address"] == "Street"
    assert "latitude is not a decimal number - write" in rows[0]["error"]
    assert "isbalance is neither TRUE nor FALSE" in rows[0]["error"]
    assert rows[1]["address"] == "'=1"


BROKEN_WITH_CANARY = {
    "a sound row beside a broken one": files.meter(1, CANARY),
    "a bad row": files.meter(1, CANARY, mac="no"),
    "a key that is too long": files.meter(1, CANARY + "0"),
    "a key in the tag": files.meter(1, tag=CANARY),
    "a key as serial": files.meter(1, serial=CANARY),
    "a field too many": f"{files.meter(1, CANARY)};",
    "a field too few": files.meter(1, CANARY).replace(";Electric", ""),
    "an open quote": f'"{files.meter(1, CANARY)}',
}


@pytest.mark.parametrize("row", BROKEN_WITH_CANARY.values(), ids=BROKEN_WITH_CANARY.keys())
def test_no_key_is_told_by_report_rejected_rows_or_log_for(row, load, caplog):
    caplog.set_level(logging.DEBUG)
    out = io.StringIO()
    report = load("meters", files.meters(row, files.meter(2, mac="no")), rejected=out)
    assert not report.is_clean
    for text in (repr(report), out.getvalue(), caplog.text):
        assert CANARY not in text.upper()


def test_a_file_without_header_does_not_tell_its_keys_as_column_names(load):
    report = load("meters", files.meter(1, CANARY).encode())
    assert CANARY not in repr(report).upper()


def test_the_staging_table_and_the_database_hold_no_key_in_clear(load, monkeypatch):
    dumps = []
    write = type(provisioning.template_called("meters")).write

    def dumping(self, run):
        run.execute("SELECT import_row::text FROM import_row")
        dumps.append(repr(run.cursor.fetchall()))
        return write(self, run)

    monkeypatch.setattr(type(provisioning.template_called("meters")), "write", dumping)
    load("meters", files.meters(files.meter(1, CANARY)))
    with connection.cursor() as cursor:
        for table in ("device_secret", "meter"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            dumps.append(repr(cursor.fetchall()))
    assert len(dumps) == 3
    assert all(CANARY.lower() not in dump.lower() for dump in dumps)
    (stored,) = keys.load([(Holder.METER, Meter.objects.get().pk)]).values()
    assert bytes.fromhex(CANARY) in stored.values()


def test_an_unknown_template_lists_the_known_ones(load):
    with pytest.raises(provisioning.HesError, match="1 usage_points, 2 meters"):
        load("9", b"")


def test_the_list_of_faults_is_bounded_and_counts_the_rest(load, monkeypatch):
    load("usage_points", files.pods(*(f"P{number};;;;;;;" for number in range(10_050))))
    report = load("usage_points", files.pods(*(f"P{number};;;;;;;" for number in range(10_050))))
    assert (len(report.faults), report.more_faults, report.rejected) == (10_000, 50, 10_050)
    assert UsagePoint.objects.count() == 10_050
