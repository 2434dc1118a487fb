"""Sends again what was recorded within a span of time, beside the live stream.

Reads behind the live position only: what lies beyond comes live anyway.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from integration.export.cursor import (
    COLUMNS,
    OF_STREAM,
    PASS_BLOCKS,
    READ,
    UP_TO,
    Block,
    Owner,
    Position,
    Stream,
    block_from,
    hold,
)
from integration.export.messages.packing import Packing
from integration.export.sinks.event_hub.progress import Tally, count, standing
from integration.models import SinkReplay

# The day, fixed a moment before the recording, only leaves other partitions alone.
WITHIN = "AND day BETWEEN %s AND %s AND recorded_at >= %s AND recorded_at < %s"
MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """The next blocks of a replay, cut as it began."""

    replay: SinkReplay
    packing: Packing
    blocks: list[Block]


def next_piece(owner: Owner, stream: Stream, packing: Packing, size: int) -> Piece | None:
    """About `size` bytes of the oldest open replay; None if nothing is left of it, or none open.

    `packing` is kept for good when the replay begins. Raises OwnershipLost.
    """
    replay = SinkReplay.objects.filter(sink=owner.sink, done_at=None).order_by("id").first()
    if replay is None:
        return None
    blocks = _read(replay, stream, standing(owner).position, size)
    if not blocks:
        SinkReplay.objects.filter(pk=replay.pk).update(done_at=Now())
        return None
    if not replay.packing:
        replay.packing = str(packing)
        replay.save(update_fields=["packing"])
    return Piece(replay, Packing.parse(replay.packing), blocks)


def note(owner: Owner, piece: Piece, tally: Tally) -> None:
    """The piece is delivered. Raises OwnershipLost."""
    xid, block_id = piece.blocks[-1].position
    with transaction.atomic():
        hold(owner)
        count(owner, tally)
        SinkReplay.objects.filter(pk=piece.replay.pk).update(
            xid=xid, block_id=block_id, lines=F("lines") + tally.lines
        )


def _read(replay: SinkReplay, stream: Stream, live: Position, size: int) -> list[Block]:
    days = (replay.begins - MARGIN).date(), (replay.ends + MARGIN).date()
    values: list[int | str | date | datetime] = [
        *(replay.xid, replay.block_id, *stream, *live),
        *(*days, replay.begins, replay.ends, PASS_BLOCKS, size),
    ]
    more = " ".join([OF_STREAM, UP_TO, WITHIN])
    with connection.cursor() as cursor:
        cursor.execute(READ.format(columns=COLUMNS, more=more), values)
        return [block_from(row) for row in cursor.fetchall()]
