"""The public keys of a meter model: from a file or asked for, and shown nowhere."""

from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from devices import keys, model_keys
from devices.choices import Holder, SecretRole
from devices.models import MeterModel
from hes.domain.errors import BadValue

GUEK, GAK, MASTER = "CA" * 16, "0b" * 16, "0C" * 16
TEXT = f"guek={GUEK}\n gak = {GAK}\nmaster={MASTER}\n"
VALUES = {
    SecretRole.ENCRYPTION: bytes.fromhex(GUEK),
    SecretRole.AUTHENTICATION: bytes.fromhex(GAK),
    SecretRole.MASTER: bytes.fromhex(MASTER),
}


def test_three_lines_are_a_set():
    assert model_keys.parse(TEXT) == VALUES


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "one line each of guek, gak, master"),
        (TEXT + f"guek={GUEK}", "one line each"),
        (TEXT.replace("gak", "gek"), "one line each"),
        (TEXT.replace(GAK, GAK[:-1]), "gak is not a key"),
        (TEXT.replace(MASTER, MASTER[:-1] + "x"), "master is not a key"),
    ],
)
def test_a_set_that_is_none_is_refused_and_not_told(text, named):
    with pytest.raises(BadValue, match=named) as refused:
        model_keys.parse(text)
    assert GUEK not in str(refused.value)


@given(st.text(max_size=120))
def test_any_text_is_parsed_or_refused(text):
    with suppress(BadValue):
        assert set(model_keys.parse(text)) == set(VALUES)


def loaded(*arguments):
    out = StringIO()
    call_command("model_keys", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "cerm1.keys"
    path.write_text(TEXT)
    return path


def stored():
    place = Holder.MODEL, MeterModel.objects.get(code="CERM1").pk
    return keys.load([place]).get(place)


@pytest.mark.django_db
def test_the_command_stores_a_set_once_and_shows_nothing(file):
    assert loaded("CERM1", "--file", str(file)) == "CERM1: its public keys are stored\n"
    assert "were stored before" in loaded("CERM1", "--file", str(file))
    assert stored() == VALUES


@pytest.mark.django_db
def test_another_set_takes_its_place_only_when_that_is_said(file):
    loaded("CERM1", "--file", str(file))
    file.write_text(TEXT.replace(GUEK, "DD" * 16))
    with pytest.raises(CommandError, match="add --replace"):
        loaded("CERM1", "--file", str(file))
    loaded("CERM1", "--file", str(file), "--replace")
    assert stored()[SecretRole.ENCRYPTION] == bytes.fromhex("DD" * 16)


@pytest.mark.django_db
def test_without_a_file_the_keys_are_asked_for_and_not_echoed(monkeypatch):
    asked = iter([GUEK, GAK, MASTER])
    prompts = []

    def answer(prompt):
        prompts.append(prompt)
        return next(asked)

    monkeypatch.setattr("devices.management.commands.model_keys.getpass", answer)
    loaded("CERM1")
    assert stored() == VALUES
    assert prompts == ["guek (not shown): ", "gak (not shown): ", "master (not shown): "]


@pytest.mark.django_db
def test_a_pair_of_another_model_is_refused(file):
    loaded("CERM1", "--file", str(file))
    with pytest.raises(CommandError, match="in use already"):
        loaded("CERT1", "--file", str(file))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "content", "named"),
    [
        ("CERX9", TEXT.encode(), "no meter model is called 'CERX9'; there are CERM1, CERS3"),
        ("CERM1", b"\xff\xfe\x00", "no UTF-8 text"),
        ("CERM1", None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_cure(model, content, named, tmp_path):
    path = tmp_path / "some.keys"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=named):
        loaded(model, "--file", str(path))
