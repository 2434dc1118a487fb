"""T4: CEData, newest per meter; a meter without credit function gives none."""

from devices.drivers.cosem.tables.rows import row_table
from devices.protocol.tables import CEDATA
from devices.protocol.tables.cedata import CREDIT, CURRENCY_CREDIT, LAST_TRANSACTION
from hes.domain.records import CurrentData


def _data(
    cycle: int, mac: bytes, moment: tuple[int, int], total: int,
    t1: int, t2: int, t3: int, t4: int, t5: int, t6: int,
    credit: int | None, currency: int | None, transaction: int | None, flags: int, word: int,
) -> CurrentData:  # fmt: skip
    tariffs = t1, t2, t3, t4, t5, t6
    return CurrentData(
        mac, cycle, *moment, total, tariffs, credit, currency, transaction, flags, word
    )


READER = row_table(CEDATA, _data, optional=(CREDIT, CURRENCY_CREDIT, LAST_TRANSACTION))
