"""Where a hub's stream stands; every change only by its owner (design D11)."""

from dataclasses import dataclass

from django.db import connection

from integration.export.cursor import Block, Owner, OwnershipLost, Position, Stream, read_after

OWNED = "WHERE sink = %s AND owner_epoch = %s AND is_enabled"
STANDING = f"SELECT xid, block_id, sending_xid, sending_id, packing FROM sink_cursor {OWNED}"
BEGIN = f"UPDATE sink_cursor SET sending_xid = %s, sending_id = %s, packing = %s {OWNED}"
FINISH = f"""
UPDATE sink_cursor SET xid = %s, block_id = %s, moved_at = now(), sending_xid = NULL,
    sending_id = NULL, lines = lines + %s, bytes = bytes + %s, messages = messages + %s,
    failing_since = NULL, last_error = '' {OWNED}
"""
COUNT = f"""
UPDATE sink_cursor SET lines = lines + %s, bytes = bytes + %s, messages = messages + %s {OWNED}
"""
FAIL = f"""
UPDATE sink_cursor SET failing_since = coalesce(failing_since, now()), last_error = left(%s, 300)
{OWNED}
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Delivered up to `position`; `sending`: a range was begun up to there, cut as `packing`."""

    position: Position
    sending: Position | None
    packing: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What was delivered; bytes of the lines, not of the messages."""

    lines: int
    bytes: int
    messages: int


def standing(owner: Owner) -> Standing:
    """As committed. Raises OwnershipLost."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [owner.sink, owner.epoch])
        row = cursor.fetchone()
    if row is None:
        raise _lost(owner)
    sending = Position(row[2], row[3]) if row[2] is not None else None
    return Standing(Position(*row[:2]), sending, row[4])


def begin(owner: Owner, up_to: Position, packing: str) -> None:
    """Before the first byte: what will be sent, and how it is cut. Raises OwnershipLost."""
    _change(owner, BEGIN, *up_to, packing)


def finish(owner: Owner, position: Position, tally: Tally) -> None:
    """The range is delivered. Raises OwnershipLost."""
    _change(owner, FINISH, *position, tally.lines, tally.bytes, tally.messages)


def count(owner: Owner, tally: Tally) -> None:
    """Something was delivered beside the live stream. Raises OwnershipLost."""
    _change(owner, COUNT, tally.lines, tally.bytes, tally.messages)


def fail(owner: Owner, text: str) -> None:
    """Say why nothing moves. Raises OwnershipLost."""
    _change(owner, FAIL, text)


def _change(owner: Owner, statement: str, *values: int | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, owner.sink, owner.epoch])
        if cursor.rowcount != 1:
            raise _lost(owner)


def blocks_between(position: Position, up_to: Position, stream: Stream, size: int) -> list[Block]:
    """All blocks of a range that was begun before, read in pieces of about `size` bytes."""
    blocks: list[Block] = []
    while piece := read_after(position, size, stream, up_to):
        blocks += piece
        position = piece[-1].position
    return blocks


def _lost(owner: Owner) -> OwnershipLost:
    return OwnershipLost(f"{owner.sink}: epoch {owner.epoch} is over, or the sink is disabled")
