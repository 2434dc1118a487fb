"""Which messages were said before: by serial, device time, type, state and meter within 24 h.

Their history is what they are looked up in, so nothing else has to be remembered. What claims to be
older than a day may be a replay of any age: it is looked up in all that is kept.
"""

from collections.abc import Sequence

from django.db.backends.utils import CursorWrapper

from hes.domain.time import DAY
from hes.lib.arrays import numbers, words
from listeners.known import Key, Known

# A nested loop asks the index once for each; other joins would read the history.
_HEARD = """
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SELECT n FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::float8[])
    WITH ORDINALITY AS said (concentrator_id, device_local, kind, meter_id, since, n)
WHERE EXISTS (SELECT FROM spontaneous_message AS heard
    WHERE coalesce(heard.concentrator_id, 0) = said.concentrator_id
      AND heard.device_local = said.device_local
      AND coalesce(heard.meter_id, 0) = said.meter_id AND heard.kind = said.kind
      AND heard.received_at > to_timestamp(said.since) AND heard.received_at > to_timestamp(%s))
"""


def said_before(cursor: CursorWrapper, known: Sequence[Known]) -> list[bool]:
    """For each message whether it is a duplicate, of an earlier batch or of one before it here."""
    if not known:
        return []
    since = [0.0 if one.stamp.is_old else one.arrived.received - DAY for one in known]
    keys = [one.same for one in known]
    concentrators, locals_, kinds, meters = zip(*keys, strict=True)
    columns = [
        numbers(concentrators),
        numbers(locals_),
        words(kinds),
        numbers(meters),
        numbers(since),
    ]
    cursor.execute(_HEARD, [*columns, min(since)])
    heard = {n - 1 for (n,) in cursor.fetchall()}
    cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on")
    return _with_repeats(keys, heard)


def _with_repeats(keys: Sequence[Key], heard: set[int]) -> list[bool]:
    seen: set[Key] = set()
    said = []
    for n, key in enumerate(keys):
        said.append(n in heard or key in seen)
        seen.add(key)
    return said
