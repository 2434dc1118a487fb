"""Error texts as the documents print them (002, design 7)."""

import pytest

from devices.drivers.duties import (
    OpenBreaker,
    ReadMaximum,
    ReadRegisters,
    ResetAlarms,
    SetCalendar,
    SetContract,
)
from workorders.activities.orders.failure import FIRST_EXCHANGE, failure_text
from workorders.activities.orders.registry import ACTIVITIES

SILENT = "[TB_ACK_21] NODE NOT REACHABLE AGENT"


@pytest.mark.parametrize(
    ("kind", "duty", "command"),
    [
        ("disconnect", None, "DETACH_METER"),
        ("disconnect", OpenBreaker(), "DETACH_METER"),
        ("disconnect", FIRST_EXCHANGE, "READ_METER_MACADDRESS"),
        ("reading", ReadRegisters(0x08), "READ_ACTIVEEXPORT_CURRENTPERIOD"),
        ("reading", ReadRegisters(0x02, previous=True), "READ_BILLING_PREVIOUSPERIOD"),
        ("maximum_power", ReadMaximum(0x02), "READ_MAXPOWER"),
        ("contract_change", SetContract(1), "SET_CONTRACT"),
        ("contract_change", SetCalendar("BT2"), "SET_TARIFF"),
        ("autodiagnostic", ResetAlarms(), "RESET_STATUSWORD"),
    ],
)
def test_a_text_names_the_command_that_met_the_error(kind, duty, command):
    assert failure_text(ACTIVITIES[kind], SILENT, duty) == f"[{command}] {SILENT}"


@pytest.mark.parametrize(
    "text", ["Concentrator is unreachable [Open socket is failed]", "Meter is unreachable"]
)
def test_an_unreachable_device_is_told_without_a_command(text):
    assert failure_text(ACTIVITIES["disconnect"], text) == text


def test_a_text_fits_its_column():
    assert len(failure_text(ACTIVITIES["disconnect"], "X" * 500)) == 200
