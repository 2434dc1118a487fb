"""No search for cycles while a batch is made; afterwards as before."""

import gc

import pytest

from hes.lib.collection import no_collection


@pytest.mark.parametrize("was_on", [True, False])
def test_afterwards_it_is_as_before_also_when_the_batch_fails(was_on: bool) -> None:
    def fail() -> None:
        with no_collection():
            assert not gc.isenabled()
            raise KeyError

    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(KeyError):
            fail()
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
