"""The simulator's own images: what is cut, changed or meant for another model is no image."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.simulator import images

IMAGE = images.build("CERT1", "12", 120)


def test_an_image_tells_its_version_to_its_model_only():
    assert len(IMAGE) == 120
    assert images.version_of(IMAGE, "CERT1") == "12"
    assert images.version_of(IMAGE, "CERM1") is None


@given(place=st.integers(0, len(IMAGE) - 1), flip=st.integers(1, 255))
def test_one_changed_byte_is_found(place, flip):
    bent = bytearray(IMAGE)
    bent[place] ^= flip
    assert images.version_of(bytes(bent), "CERT1") is None


@given(st.binary(max_size=200))
def test_any_bytes_are_no_image(raw):
    assert images.version_of(raw, "CERT1") is None


def test_an_image_smaller_than_its_head_cannot_be_made():
    with pytest.raises(ValueError, match="at least 49 bytes"):
        images.build("CERT1", "12", 48)


def test_an_image_is_made_on_the_command_line():
    command = [sys.executable, "-m", "devices.simulator.images", "CERT1", "12", "120"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == IMAGE
