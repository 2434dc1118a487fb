"""T4, CEData: current active import registers, credit and alarm word, newest per meter."""

from collections.abc import Iterator

from devices.protocol.tables import CEDATA
from devices.simulator import incidents, readings
from devices.simulator.entries import CURRENT_DATA, MeterEntry
from devices.simulator.population import Meter
from devices.simulator.tables.journal import Delivery, Newest
from devices.simulator.tables.rows import Run, Values
from devices.simulator.tables.view import View

PREPAID, PREPAYMENT = 0x04, 2  # flag, account mode
REGISTERS, CREDIT, TRANSACTION, FLAGS, WORD = range(7), 7, 9, 10, 11
_ALWAYS = (*REGISTERS, TRANSACTION, FLAGS, WORD)
_CREDIT_CELLS = (CREDIT, TRANSACTION, FLAGS)
_WITH_CREDIT = (*REGISTERS, *_CREDIT_CELLS, WORD)


class CurrentData(Newest):
    """Read at the end of the cycle; no meter keeps its credit in currency."""

    table = CEDATA

    def is_collected(self, entry: MeterEntry) -> bool:
        return bool(entry.flags & CURRENT_DATA)

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """One row; the credit of a meter that is not prepaid is not collected."""
        seed, meter, at = view.seed, delivery.meter, delivery.until
        account = _account(view, meter, at)

        def load() -> Values:
            tariffs = readings.registers(seed, meter.serial, 0, at)
            word = view.alarm_word(meter, at)
            return tuple((value,) for value in (sum(tariffs), *tariffs, *account, word))

        present = _WITH_CREDIT if len(account) == len(_CREDIT_CELLS) else _ALWAYS
        yield Run((delivery.cycle, meter.mac), at, 0, (), 1, present, load)


def _account(view: View, meter: Meter, at: int) -> tuple[int, ...]:
    """Credit, last transaction, flags; without credit only the others. What orders did counts
    before what the pure model invents."""
    held = view.held.get(meter.mac.hex())
    if held is not None and (held.transaction or held.mode == PREPAYMENT):
        flags = PREPAID if held.mode == PREPAYMENT else 0
        return held.credit, held.transaction, flags
    credit = incidents.credit(view.seed, meter.serial, at)
    return (credit.available, credit.transactions, PREPAID) if credit else (0, 0)
