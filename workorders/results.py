"""What an order leaves when it ends: its HPE line, and the lines of what was read (design 7, 8).

Belongs into the transaction that ends the order, so that the state and the line stand or fall
together. Concentrator orders that went well have no code and leave no line (`codes/order_results`).
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from devices.drivers.duties import Credit
from devices.outbox.blocks import CONCENTRATOR, Blocks, LineRefused, Origin, open_transaction
from devices.outbox.layouts import (
    PREPAID_CREDIT,
    peak_line,
    register_line,
    result_line,
    sample_line,
)
from hes.domain.energies import BY_CODE
from hes.domain.orders import OrderResult
from hes.domain.records import MaximumPower
from hes.domain.time import local_stamp
from workorders.activities.orders.base import Line, Result

log = logging.getLogger(__name__)


class Ended(NamedTuple):
    """An order as its lines name it."""

    order: int
    company: int
    concentrator_id: int | None
    concentrator: str
    meter_id: int | None
    meter: str
    pod: str
    correlation: str
    external_system: str
    is_external: bool


# The POD is the one the order was accepted for: the result answers that request.
_ENDED = """
SELECT o.id, o.company_id, o.concentrator_id,
       coalesce(nullif(c.name, ''), c.serial_number, ''), o.meter_id,
       coalesce(m.serial_number, ''), coalesce(u.name, ''),
       o.correlation_id, o.external_system, o.is_external
FROM work_order o LEFT JOIN concentrator c ON c.id = o.concentrator_id
    LEFT JOIN meter m ON m.id = o.meter_id LEFT JOIN usage_point u ON u.id = o.usage_point_id
WHERE o.id = ANY(%s) ORDER BY o.id
"""
_BREAKER = """
UPDATE meter m SET breaker_state = said.state, updated_at = now()
FROM unnest(%s::bigint[], %s::int[]) AS said (order_id, state)
    JOIN work_order o ON o.id = said.order_id
WHERE m.id = o.meter_id AND m.breaker_state <> said.state
    -- A local execution may be reported late: what was read since then stays.
    AND NOT EXISTS (SELECT FROM work_order n WHERE n.meter_id = o.meter_id AND n.id <> o.id
        AND n.breaker IS NOT NULL AND coalesce(n.executed_at, n.ended_at) > o.executed_at)
"""


def leave(cursor: CursorWrapper, results: Mapping[int, Result]) -> int:
    """Store the lines of orders that end in this transaction, and the breakers as last read.

    Returns how many lines.
    """
    moment = open_transaction(cursor)
    breakers = {order: found.breaker for order, found in results.items()}
    known = {order: state for order, state in breakers.items() if state is not None}
    cursor.execute(_BREAKER, [list(known), list(known.values())])
    cursor.execute(_ENDED, [list(results)])
    return sum(
        _leave(cursor, moment, ended, results[ended.order])
        for ended in map(Ended._make, cursor.fetchall())
    )


def _leave(cursor: CursorWrapper, moment: datetime, ended: Ended, result: Result) -> int:
    origin = Origin(ended.order, ended.correlation, ended.external_system)
    blocks = Blocks(ended.company, ended.concentrator_id, origin)
    lines = 0
    for kind, offset, text in _lines(ended, result, moment):
        try:
            lines += blocks.add(kind, offset, ended.meter_id or CONCENTRATOR, text)
        except LineRefused as refused:  # the order has ended all the same
            log.error("order %d: %s", ended.order, refused)
    blocks.store(cursor, moment.date())
    return lines


def _lines(ended: Ended, result: Result, moment: datetime) -> Iterator[tuple[str, int, str]]:
    """(kind, offset in minutes, lines)."""
    if result.code:
        yield "HPE", 0, result_line(_order_result(ended, result, moment))
    for line in result.lines:
        if text := _answer_line(ended, line):
            yield line.kind, line.fact.offset, text


def _order_result(ended: Ended, result: Result, moment: datetime) -> OrderResult:
    return OrderResult(
        concentrator=ended.concentrator,
        meter=ended.meter,
        pod=ended.pod,
        code=result.code,
        at=moment,
        correlation=ended.correlation,
        is_external=ended.is_external,
        text=result.text,
        breaker=result.breaker,
    )


def _answer_line(ended: Ended, line: Line) -> str:
    fact = line.fact
    if isinstance(fact, MaximumPower):
        return peak_line(ended.meter, ended.pod, fact)
    stamp = local_stamp(fact.at, fact.offset)
    if isinstance(fact, Credit):
        return sample_line(ended.meter, ended.pod, str(fact.amount), PREPAID_CREDIT, stamp)
    energy = BY_CODE[fact.energy]
    energy_type = energy.closure_type if line.kind == "DC" else energy.current_type
    if energy_type is None:  # the documents print no number for capacitive energies
        return ""
    return register_line(ended.meter, fact.tariffs, fact.total, energy_type, stamp)
