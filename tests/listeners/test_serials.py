"""A serial of 15 characters against those of 16 in the inventory."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.serials import is_same, without_zeros

heads = st.text(string.ascii_uppercase + string.digits, max_size=7).map(lambda text: text + "A")
numbers = st.text(string.digits, min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("spoken", "provisioned", "expected"),
    [
        ("20LVM50A1006010", "20LVM50A10006010", True),
        ("20LVM50A1006014", "20LVM50A10006010", False),
        ("20LVM50A1006010", "20LVM50A1006010", False),  # equal, not one zero more
        ("20LVM50A1006010", "200LVM50A1006010", False),  # the zero is not in the running number
        ("20LVM50A1006010", "20LVM50A1006010X", False),
    ],
)
def test_one_zero_of_the_running_number_makes_the_difference(
    spoken: str, provisioned: str, expected: bool
) -> None:
    assert is_same(spoken, provisioned) is expected


@given(heads, numbers, st.data())
def test_any_zero_more_in_the_running_number_is_found_by_the_index_and_recognised(
    head: str, number: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(number)))
    provisioned = f"{head}{number[:place]}0{number[place:]}"
    assert is_same(head + number, provisioned)
    assert without_zeros(head + number) == without_zeros(provisioned)
