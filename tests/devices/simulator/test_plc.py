"""The power line takes its time, within the bounds of the companion profile."""

import time

from devices.protocol.apdu import Attribute
from devices.protocol.obis import parse
from devices.simulator.device import FieldOptions
from devices.simulator.plc import PowerLine, level
from devices.simulator.population import Fleet
from devices.simulator.server import running_field
from tests.devices.simulator.client import Asker, managed, of_meter

FLEET = Fleet.generate(seed=1, concentrators=1, meters=40)
METERS = FLEET.concentrator(0).meters
SERIAL = Attribute(1, parse("0.0.96.1.0"), 2)


def test_an_exchange_takes_a_third_of_a_second_to_three():
    line = PowerLine(1, 1.0)
    delays = [line.delay(meter, number) for meter in METERS for number in range(20)]
    assert min(delays) >= 0.3
    assert max(delays) <= 3.0
    assert sum(delays) / len(delays) > 0.6


def test_repeaters_slow_a_meter_down():
    line = PowerLine(1, 1.0)
    by_level = {}
    for meter in METERS:
        by_level.setdefault(level(1, meter), []).append(line.delay(meter, 0))
    means = [sum(found) / len(found) for _, found in sorted(by_level.items())]
    assert means == sorted(means)
    assert len(means) > 1


def test_a_factor_of_zero_answers_at_once():
    assert {PowerLine(1, 0.0).delay(meter, 1) for meter in METERS} == {0.0}


async def test_the_gateway_waits_for_the_power_line():
    options = FieldOptions(plc_factor=0.1)
    async with (
        running_field(FLEET, options=options, port_base=0) as field,
        managed(field, FLEET.concentrator(0)) as outer,
    ):
        inner = Asker(outer.reader, outer.writer, of_meter(METERS[0]))
        await inner.associate()
        begin = time.monotonic()
        await inner.get(SERIAL)
        assert time.monotonic() - begin >= 0.03
