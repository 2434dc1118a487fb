"""T4, CEData: current active import registers, credit and alarm word, newest per meter."""

from collections.abc import Iterator

from devices.protocol.tables import CEDATA
from devices.simulator import incidents, readings
from devices.simulator.tables.journal import Delivery, Newest
from devices.simulator.tables.rows import Run, Values
from devices.simulator.tables.view import View

PREPAID = 0x04
REGISTERS, CREDIT, TRANSACTION, FLAGS, WORD = range(7), 7, 9, 10, 11
_ALWAYS = (*REGISTERS, TRANSACTION, FLAGS, WORD)
_WITH_CREDIT = (*REGISTERS, CREDIT, TRANSACTION, FLAGS, WORD)


class CurrentData(Newest):
    """Read at the end of the cycle; no meter keeps its credit in currency."""

    table = CEDATA

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """One row; the credit of a meter that is not prepaid is not collected."""
        seed, meter, at = view.seed, delivery.meter, delivery.until
        credit = incidents.credit(seed, meter.serial, at)

        def load() -> Values:
            tariffs = readings.registers(seed, meter.serial, 0, at)
            account = (credit.available, credit.transactions, PREPAID) if credit else (0, 0)
            word = incidents.alarm_word(seed, meter.serial, at)
            return tuple((value,) for value in (sum(tariffs), *tariffs, *account, word))

        present = _WITH_CREDIT if credit else _ALWAYS
        yield Run((delivery.cycle, meter.mac), at, 0, (), 1, present, load)
