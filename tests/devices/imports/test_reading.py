"""Whatever bytes are called a CSV file: rows, faults of rows, or one fault of the file."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.imports.report import Operation
from devices.models import UsagePoint
from tests.devices.imports import files

pytestmark = pytest.mark.django_db

ACCEPTED = {
    "as printed": files.pods("POD1;Street;Milan;45,46;9,19;12;;FALSE"),
    "a byte order mark": b"\xef\xbb\xbf" + files.pods("POD1;Street;Milan;45,46;9,19;12;;FALSE"),
    "line ends of Windows": files.pods("POD1;Street;Milan;45.46;9.19;12;;").replace(b"\n", b"\r\n"),
    "no line end at the end": files.pods("POD1;Street;Milan;45,46;9,19;12;;FALSE")[:-1],
    "quoted fields": files.pods('"POD1";"Street";Milan;"45,46";9,19;12;;FALSE'),
    "other case and order": b"CITY;Name;address;LATITUDE;longitude;altitude;tag;IsBalance\n"
    b"Milan;POD1;Street;45,46;9,19;12;;no\n",
    "commas": files.POD_HEADER.replace(";", ",").encode()
    + b'\nPOD1,Street,Milan,"45,46",9.19,12,,FALSE\n',
    "empty lines": files.pods("", "POD1;Street;Milan;45,46;9,19;12;;FALSE", ";;;;;;;", ""),
    "blanks around": files.pods(" POD1 ; Street;Milan ;45,46; 9,19;12;;false"),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_file_is_read_with(data, load):
    report = load("usage_points", data)
    assert report.faults == ()
    pod = UsagePoint.objects.get()
    assert (pod.name, pod.address, pod.city) == ("POD1", "Street", "Milan")
    assert (f"{pod.latitude:.2f}", f"{pod.longitude:.2f}") == ("45.46", "9.19")


REFUSED = {
    "nothing at all": (b"", "misses name, address"),
    "UTF-16": ("name;address\n".encode("utf-16"), "UTF-16"),
    "UTF-16 without mark": ("name;address\n".encode("utf-16-le"), "NUL"),
    "a NUL byte in a row": (files.pods("POD1;a\0b;;;;;;"), "NUL"),
    "Windows-1252 in the header": (b"name;addr\xe9ss\n", "is not UTF-8"),
    "no header": (b"POD1;Street;Milan;45,46;9,19;12;;FALSE\n", "misses name"),
    "a missing column": (b"name;city\n", "misses address, latitude, longitude"),
    "an unknown column": (files.POD_HEADER.encode() + b";colour;size\n", "unknown colour, size"),
    "a doubled column": (files.POD_HEADER.encode() + b";city\n", "has twice city"),
    "ten thousand columns": (b";".join(b"c%d" % n for n in range(9_000)), "and 8980 more"),
    "an endless line": (files.pods("x" * 70_000), "more than 65536 bytes"),
    "an open quote in the header": (b'"name;address\n', "quotes"),
}


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_is_refused_as_a_whole_for(data, problem, load):
    report = load("usage_points", data)
    (fault,) = report.faults
    assert problem in fault.problem
    assert fault.advice
    assert not UsagePoint.objects.exists()


def test_missing_extra_and_doubled_columns_are_told_at_once(load):
    (fault,) = load("usage_points", b"name;city;city;colour\n").faults
    assert "misses address" in fault.problem
    assert "has unknown colour" in fault.problem
    assert "has twice city" in fault.problem
    assert files.POD_HEADER in fault.advice


def test_windows_1252_is_read_only_when_asked_for(load):
    data = files.pods("POD1;Avenida España;Peñalolén;;;;;").decode().encode("windows-1252")
    (fault,) = load("usage_points", data).faults
    assert (fault.line, fault.problem) == (2, "is not UTF-8")
    assert "windows-1252" in fault.advice
    assert load("usage_points", data, encoding="windows-1252").created == 1
    assert UsagePoint.objects.get().city == "Peñalolén"


def test_rows_of_another_width_and_open_quotes_are_faults_of_their_lines(load):
    report = load("usage_points", files.pods("POD1;a", 'POD2;"a;;;;;;', "POD3;a;;;;;;;x"))
    assert [(fault.line, fault.problem) for fault in report.faults] == [
        (2, "has 2 fields instead of 8"),
        (3, "has quotes or line breaks that do not fit"),
        (4, "has 9 fields instead of 8"),
    ]


def test_a_file_of_rejected_rows_may_come_back_with_its_error_column(load):
    data = files.csv(f"{files.POD_HEADER};error", "POD1;;;;;;;;was wrong before")
    assert load("usage_points", data).created == 1


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    head=st.sampled_from([b"", files.METER_HEADER.encode() + b"\n", b"serialnumber;tag\n"]),
    body=st.one_of(
        st.binary(max_size=400),
        st.text(alphabet='aE1,.;"\t\r\n+-=é\x00\x1f\u202e\\N', max_size=200).map(str.encode),
    ),
    operation=st.sampled_from(Operation),
)
def test_arbitrary_bytes_give_a_report_and_never_an_exception(load, head, body, operation):
    report = load("meters", head + body, operation)
    assert report.rejected <= report.rows
    assert report.is_clean or report.created == report.changed == report.deleted == 0
