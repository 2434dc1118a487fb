"""Firmware images come in, are released by another person, and are listed (001 2.4).

The bytes stay where they are: orders read blocks of them by range.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.db import IntegrityError, connection, transaction

from devices import audit
from devices.audit import Act
from devices.models import MeterModel
from hes.domain import identifiers
from hes.domain.errors import BadValue, HesError
from hes.lib.tables import table
from workorders.activities.orders.base import Target

LARGEST = 16 * 1024 * 1024  # bytes (assumed): held whole once, when it is added
LONGEST_IDENTIFIER, LONGEST_VERSION = 60, 40
HEAD = ("IMAGE", "TARGET", "MODEL", "VERSION", "BYTES", "SHA-256", "ADDED BY", "RELEASED BY")

_ADD = """
INSERT INTO firmware_image (company_id, target, model, identifier, version, size, sha256, data,
    added_by, added_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
"""
_RELEASE = """
UPDATE firmware_image SET released_by = %(who)s, released_at = clock_timestamp()
WHERE company_id = %(company)s AND identifier = %(name)s AND released_at IS NULL
    AND added_by <> %(who)s RETURNING id
"""
_ADDED_BY = """
SELECT added_by, released_by FROM firmware_image WHERE company_id = %s AND identifier = %s
"""
_LIST = """
SELECT identifier, target, model, version, size, left(sha256, 12), added_by, released_by
FROM firmware_image WHERE company_id = %s ORDER BY id DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Label:
    """What an image is for, and what the device shows afterwards. No model: concentrators."""

    target: Target
    model: str
    version: str
    identifier: str

    def check(self) -> None:
        """HesError that names value and cure."""
        _named("identifier", self.identifier, LONGEST_IDENTIFIER)
        _named("version", self.version, LONGEST_VERSION)
        if self.target is Target.CONCENTRATOR and self.model:
            raise HesError(f"model {self.model}: an image of concentrators has no meter model")
        known = sorted(MeterModel.objects.values_list("code", flat=True))
        if self.target is Target.METER and self.model not in known:
            there = ", ".join(known) or "none yet: make a company first"
            raise HesError(f"no meter model is called {self.model!r}; there are {there}")


def add(company_id: int, file: Path, label: Label, who: str) -> str:
    """Store an image, not released yet; returns its SHA-256. HesError for what is refused."""
    label.check()
    raw = _read(file)
    digest = hashlib.sha256(raw).hexdigest()
    row = (label.target.value, label.model, label.identifier, label.version, len(raw), digest)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ADD, [company_id, *row, raw, who])
            act = Act("firmware.add", who, company_id, label.identifier, hash=digest)
            audit.note(cursor, act)
    except IntegrityError as fault:
        raise HesError(
            f"an image is called {label.identifier} already: give another --identifier"
        ) from fault
    return digest


def release(company_id: int, identifier: str, who: str) -> None:
    """Let orders use an image; HesError where the same person added it, or nothing waits."""
    with transaction.atomic(), connection.cursor() as cursor:
        values: dict[str, int | str] = {"company": company_id, "name": identifier, "who": who}
        cursor.execute(_RELEASE, values)
        if cursor.fetchone():
            audit.note(cursor, Act("firmware.release", who, company_id, identifier))
            return
        cursor.execute(_ADDED_BY, [company_id, identifier])
        found = cursor.fetchone()
    if found is None:
        raise HesError(f"no image is called {identifier!r}: see `hes firmware list`")
    if found[1]:
        raise HesError(f"image {identifier} was released by {found[1]} already")
    raise HesError(f"{who} added image {identifier}: another person releases it")


def listing(company_id: int, limit: int) -> str:
    """The newest images as a table."""
    with connection.cursor() as cursor:
        cursor.execute(_LIST, [company_id, limit])
        rows = [[str(cell) for cell in row] for row in cursor.fetchall()]
    return "\n".join(table([HEAD, *rows])) if rows else "there are no images"


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            raw = source.read(LARGEST + 1)
    except OSError as fault:
        raise HesError(f"{file}: {fault.strerror}") from fault
    if not raw:
        raise HesError(f"{file} is empty")
    if len(raw) > LARGEST:
        raise HesError(f"{file} has more than {LARGEST:,} bytes")
    return raw


def _named(what: str, value: str, limit: int) -> None:
    try:
        identifiers.name(value, limit)
    except BadValue as fault:
        raise HesError(f"{what} {value[:60]!r}: {fault.problem} - {fault.advice}") from fault
