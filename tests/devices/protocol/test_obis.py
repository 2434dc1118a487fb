import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol import obis
from devices.protocol.errors import ProtocolError


def test_a_missing_sixth_number_is_255():
    assert obis.parse("0.0.96.51.2") == bytes([0, 0, 96, 51, 2, 255])
    assert obis.parse("1.0.1.8.0.101") == bytes([1, 0, 1, 8, 0, 101])


@given(st.binary(min_size=6, max_size=6))
def test_a_name_is_read_back_as_printed(raw):
    assert obis.parse(obis.text(raw)) == raw


@pytest.mark.parametrize("text", ["", "1.0.1", "1.0.1.8.256", "a.b.c.d.e", "1.2.3.4.5.6.7"])
def test_a_wrong_name_says_how_to_write_it(text):
    with pytest.raises(ProtocolError, match="five or six"):
        obis.parse(text)
