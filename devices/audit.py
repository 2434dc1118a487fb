"""Writes down who did what, in the transaction of the act: both stand or fall (design D17).

Rows are only inserted; who could change them is refused by grant and by trigger. Values that a
caller gave as parameters do not belong here: one of them may be a secret.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from django.db.backends.utils import CursorWrapper

TARGET_LIMIT, TEXT_LIMIT, WHO_LIMIT = 100, 400, 150

_DRAW = "SELECT nextval(pg_get_serial_sequence('audit_row', 'id'))"
_INSERT = """
INSERT INTO audit_row (id, company_id, who, act, is_refused, target, code, text, orders, count,
    hash) VALUES (%(id)s, %(company_id)s, %(who)s, %(act)s, %(is_refused)s, %(target)s, %(code)s,
    %(text)s, CASE WHEN %(first)s IS NOT NULL  -- an open range would hold every order
        THEN int8range(%(first)s, %(last)s, '[]') END, %(count)s, %(hash)s)
"""


@dataclass(frozen=True, slots=True)
class Act:
    """What is written down. `orders` are the ids it was about; kept is the range that holds them.

    `code` is of `codes/reply_error_codes.csv`; `count` and `hash` are of the list of a bulk act.
    """

    act: str
    who: str
    company_id: int | None
    target: str = ""
    is_refused: bool = False
    code: str = ""
    text: str = ""
    orders: Sequence[int] = ()
    count: int = 1
    hash: str = ""


def draw(cursor: CursorWrapper) -> int:
    """The id of a row that is to be written, for what shall point to it."""
    cursor.execute(_DRAW)
    return int(cursor.fetchone()[0])


def note(cursor: CursorWrapper, act: Act, row: int | None = None) -> None:
    """Write an act down, under an id drawn before or a new one; longer texts are cut."""
    values = asdict(act) | {"id": row or draw(cursor), "text": act.text[:TEXT_LIMIT]}
    values |= {"who": act.who[:WHO_LIMIT], "target": act.target[:TARGET_LIMIT]}
    values |= {"first": min(act.orders, default=None), "last": max(act.orders, default=None)}
    cursor.execute(_INSERT, values)


def hash_of(items: Iterable[str]) -> str:
    """SHA-256 of a list of hashes, one per line."""
    return hashlib.sha256("\n".join(items).encode()).hexdigest()
