"""Settings take what fits and refuse the rest with their name."""

import pytest

from hes.domain.parameters import PARAMETERS

TEXTS = [name for name, parameter in PARAMETERS.items() if isinstance(parameter.default, str)]
BAD = {"separator": ";", "quote": '"', "line feed": "\n", "return": "\r", "NUL": "\0"}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("name", TEXTS)
def test_no_text_takes_what_would_tear_a_line_or_a_path(name: str, bad: str) -> None:
    for text in (f"a{bad}b", bad, f"{PARAMETERS[name].default}{bad}"):
        with pytest.raises(ValueError, match=name):
            PARAMETERS[name].parse(text)


@pytest.mark.parametrize("text", ["", "S=500", "S=500:csv,HPE=1:json", "VV=0:json"])
def test_packing_is_wished_by_kind(text: str) -> None:
    assert PARAMETERS["hub_packing"].parse(text) == text


@pytest.mark.parametrize("text", ["X=1", "S", "S=500:xml", "S=500,", "LPEX=1", "S=500;M=1"])
def test_packing_of_unknown_kinds_and_forms_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hub_packing"):
        PARAMETERS["hub_packing"].parse(text)


@pytest.mark.parametrize("text", ["../x", "a/b", "a b", "x" * 21, "a_b"])
def test_a_file_suffix_stays_a_part_of_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="file_suffix"):
        PARAMETERS["file_suffix"].parse(text)


@pytest.mark.parametrize("text", ["hub", "{kind} x", "Ünsere-{kind}", "{kind}{kind}"])
def test_hub_names_hold_the_kind_once(text: str) -> None:
    with pytest.raises(ValueError, match="hub_names"):
        PARAMETERS["hub_names"].parse(text)
