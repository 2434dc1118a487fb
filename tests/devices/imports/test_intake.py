"""No template lets a separator, quote, line break or control character into the inventory."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from devices.associations import associate
from devices.imports.registry import TEMPLATES
from tests.devices.imports import files

pytestmark = pytest.mark.django_db

BAD = {
    "separator": ";",
    "quote": '"',
    "tab": "\t",
    "bell": "\x07",
    "delete": "\x7f",
    "next line": "\x85",
    "line separator": "\u2028",
    "direction mark": "\u202e",
}
COLUMNS = [
    pytest.param(template, column.header, id=f"{template.name}-{column.field}")
    for template in TEMPLATES
    for column in template.columns
]
NAMED = "usage_point", "meter", "substation", "transformer", "concentrator"


def only(template, header: str, value: str) -> bytes:
    """A file of one row that is empty but for one quoted field."""
    headers = dict.fromkeys(column.header for column in template.columns)
    quoted = value.replace('"', '""')
    row = ";".join(f'"{quoted}"' if each == header else "" for each in headers)
    return files.csv(";".join(headers), row)


def rows_stored() -> int:
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in NAMED))
        return sum(count for (count,) in cursor.fetchall())


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize(("template", "header"), COLUMNS)
def test_the_fault_names_line_column_value_and_cure(load, template, header: str, bad: str) -> None:
    report = load(template.name, only(template, header, f"a{bad}b"))
    is_secret = all(column.is_secret for column in template.columns if column.header == header)
    faults = [fault for fault in report.faults if fault.column.lower() == header.lower()]
    assert faults
    for fault in faults:
        assert fault.line == 2
        assert fault.advice
        assert fault.value == ("" if is_secret else f"a{bad if bad.isprintable() else '�'}b")
    assert rows_stored() == 0


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
@pytest.mark.parametrize("bad", ["\n", "\r\n", "\r"])
def test_a_line_break_inside_quotes_is_refused_with_its_line(load, template, bad: str) -> None:
    header = template.columns[0].header
    report = load(template.name, only(template, header, f"a{bad}b"))
    assert report.faults[0].line == 2
    assert report.faults[0].advice
    assert rows_stored() == 0


def test_a_separator_in_a_file_with_commas_is_refused_too(load) -> None:
    data = files.POD_HEADER.replace(";", ",").encode() + b"\nPOD;1,Street,Milan,,,,,\n"
    (fault,) = load("usage_points", data).faults
    assert (fault.line, fault.column, fault.value) == (2, "name", "POD;1")


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_rows_given_by_hand_take_the_same_road(company, bad: str) -> None:
    report = associate(company, [(f"TD{bad}1", f"UA{bad}1", "R", "1")], datetime.now(UTC))
    columns = {fault.column for fault in report.faults}
    assert columns == {"concentratorserialnumber", "serialnumber"}
    assert all(fault.advice for fault in report.faults)
