"""Opens sealed pushes under the keys of the meters whose system titles they name: set-wise."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from devices import keys
from devices.choices import Holder, KeyState
from devices.keys import PAIR, Rings
from devices.protocol.pushes import Sealed, unseal
from devices.protocol.security import Keys
from devices.protocol.spontaneous import Message, Unparsed
from hes.lib.crypto import Unsealable

log = logging.getLogger(__name__)

UNKNOWN = Unparsed("push of no device we know")
CLOSED = Unparsed("push does not open")
SUSPECT = (UNKNOWN, CLOSED)

_METERS = "SELECT system_title, id FROM meter WHERE system_title = ANY(%s)"
_Rings = Mapping[tuple[Holder, int], Rings]


class Opened(NamedTuple):
    """What a sealed push says, and under whose keys it opened."""

    message: Message | Unparsed
    meter_id: int | None


def open_all(cursor: CursorWrapper, sealed: Iterable[Sealed]) -> dict[Sealed, Opened]:
    """Two queries, however many there are. A title that two devices share opens nothing."""
    wanted = set(sealed)
    if not wanted:
        return {}
    meters = _meters(cursor, {one.title for one in wanted})
    rings = _rings(meters.values())
    return {one: _opened(one, meters.get(one.title), rings) for one in wanted}


def _meters(cursor: CursorWrapper, titles: set[bytes]) -> dict[bytes, int]:
    cursor.execute(_METERS, [sorted(titles)])
    found: dict[bytes, list[int]] = defaultdict(list)
    for title, meter_id in cursor.fetchall():
        found[bytes(title)].append(meter_id)
    return {title: meters[0] for title, meters in found.items() if len(meters) == 1}


def _rings(meters: Iterable[int]) -> _Rings:
    try:
        return keys.load_sets((Holder.METER, meter_id) for meter_id in meters)
    except Unsealable as fault:
        log.error("pushes cannot be opened: %s", fault)
        return {}


def _opened(one: Sealed, meter_id: int | None, rings: _Rings) -> Opened:
    """Under the keys that are in use, else under those that are being handed over."""
    if meter_id is None:
        return Opened(UNKNOWN, None)
    held = rings.get((Holder.METER, meter_id), {})
    for state in (KeyState.ACTIVE, KeyState.NEW):
        if state in held and all(role in held[state].values for role in PAIR):
            found = unseal(one, Keys(*(held[state].values[role] for role in PAIR)))
            if found != CLOSED:
                return Opened(found, meter_id)
    return Opened(CLOSED, meter_id)
