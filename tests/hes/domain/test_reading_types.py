"""Reading types that can be asked of a meter."""

import pytest

from hes.domain.energies import BY_CODE
from hes.domain.reading_types import (
    ENERGY_REGISTERS,
    MAXIMUM_DEMANDS,
    MeterRegister,
    canonical,
)


def test_a_printed_form_leads_to_its_code() -> None:
    printed = "0.0.15.1.1.12.0.0.0.0.0.0.0.0.0.72.0"
    assert canonical(printed) == "0.0.15.1.1.1.12.0.0.0.0.0.0.0.0.0.72.0"


def test_nobody_knows_an_invented_code() -> None:
    assert canonical("0.0.99") is None


@pytest.mark.parametrize(
    ("code", "register"),
    [
        ("0.0.15.1.1.1.12.0.0.0.0.0.0.0.0.0.72.0", MeterRegister(0x02, 0, previous=False)),
        ("0.0.15.9.1.1.12.0.0.0.0.6.0.0.0.0.73.0", MeterRegister(0x04, 6, previous=False)),
        ("0.0.16.9.19.1.12.0.0.0.0.1.0.0.0.0.72.0", MeterRegister(0x08, 1, previous=True)),
        ("0.0.16.1.19.1.12.0.0.0.0.0.0.0.0.0.73.0", MeterRegister(0x10, 0, previous=True)),
    ],
)
def test_a_code_names_energy_tariff_and_period(code: str, register: MeterRegister) -> None:
    assert ENERGY_REGISTERS[code] == register


def test_every_register_exists_once_per_energy_tariff_and_period() -> None:
    assert len(set(ENERGY_REGISTERS.values())) == len(ENERGY_REGISTERS) == 4 * 7 * 2
    assert len(set(MAXIMUM_DEMANDS.values())) == len(MAXIMUM_DEMANDS) == 2 * 7 * 2


def test_every_register_that_can_be_asked_has_its_line() -> None:
    energies = {register.energy for register in ENERGY_REGISTERS.values()}
    assert all(BY_CODE[energy].closure_type and BY_CODE[energy].current_type for energy in energies)
