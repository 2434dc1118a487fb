"""`hes import` and `hes export-template` as a person meets them."""

import pytest
from django.core.management import CommandError, call_command

from devices.models import Company, UsagePoint
from tests.devices.imports import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def pods(tmp_path):
    path = tmp_path / "pods.csv"
    path.write_bytes(files.pods("P1;;;;;;;", "P2;;;x;9;;;", "P3;;;;;;;maybe"))
    return path


def test_faults_are_an_aligned_table_and_the_exit_code_is_1(pods, company, capsys, tmp_path):
    rejected = tmp_path / "rejected.csv"
    with pytest.raises(SystemExit) as end:
        call_command("import_template", "usage_points", pods, rejected=rejected)
    assert end.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["line", "column", "value", "problem", "advice"]
    assert (
        lines[1].index("is not a decimal")
        == lines[2].index("is neither")
        == lines[0].index("problem")
    )
    assert lines[3].startswith("usage_points: 3 rows read, 2 rejected in ")
    assert rejected.read_text().splitlines()[0] == f"{files.POD_HEADER};error"
    assert not UsagePoint.objects.exists()


def test_valid_rows_are_written_and_counted(pods, company, capsys):
    with pytest.raises(SystemExit):
        call_command("import_template", "1", pods, valid_rows_only=True, company="chile")
    assert "1 created, 2 rejected" in capsys.readouterr().out


def test_a_dry_run_says_that_nothing_was_written(company, tmp_path, capsys):
    path = tmp_path / "pods.csv"
    path.write_bytes(files.pods("P1;;;;;;;"))
    call_command("import_template", "1", path, dry_run=True)
    assert "1 created in" in (told := capsys.readouterr().out)
    assert "nothing was written" in told
    assert not UsagePoint.objects.exists()


def test_the_company_must_be_clear(pods, company):
    Company.objects.create(name="Italia", code="italia")
    with pytest.raises(CommandError, match="chile, italia"):
        call_command("import_template", "1", pods)
    with pytest.raises(CommandError, match="chile, italia"):
        call_command("import_template", "1", pods, company="norge")


def test_a_missing_file_and_an_unknown_template_are_told(company, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_template", "1", tmp_path / "none.csv")
    with pytest.raises(CommandError, match="choose one of 1 usage_points"):
        call_command("import_template", "nine", tmp_path / "none.csv")


def test_the_inventory_is_written_as_a_template(company, tmp_path):
    UsagePoint.objects.create(company=company, name="P1")
    path = tmp_path / "pods.csv"
    call_command("export_template", "1", path)
    assert path.read_text() == f"{files.POD_HEADER}\nP1;;;;;;;FALSE\n"
