"""Scripts of a company: written by one person, released by another, carried out by orders.

Versions count up by name; a released one never changes (companion profile 3.4).
"""

import hashlib
import json
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import audit
from devices.audit import Act
from devices.models import Company
from hes.domain.errors import BadValue, HesError
from workorders.activities.orders.script_steps import script_of, steps_of, unprovable
from workorders.models import Script

ADD, RELEASE = "script.add", "script.release"
LARGEST_FILE = 256 * 1024  # bytes

_ADD = """
INSERT INTO script (company_id, name, version, target, description, steps, author, created_at)
SELECT %(company)s, %(name)s, coalesce(max(version), 0) + 1, %(target)s, %(description)s,
    %(steps)s::jsonb, %(author)s, clock_timestamp()
FROM script WHERE company_id = %(company)s AND name = %(name)s RETURNING id
"""
_RELEASE = "UPDATE script SET released_by = %s, released_at = clock_timestamp() WHERE id = %s"


def add(company: Company, text: str, author: str) -> Script:
    """Keep what a file says as the next version of its name; raises BadValue with place and cure.

    Nothing is sent by it before it is released.
    """
    require_person(author)
    script = script_of(_document(text))
    values: dict[str, Any] = {
        "company": company.pk,
        "name": script.name,
        "target": script.target.value,
        "description": script.description,
        "steps": json.dumps([step.plain() for step in script.steps]),
        "author": author,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)  # versions count up
        cursor.execute(_ADD, values)
        made = Script.objects.get(pk=cursor.fetchone()[0])
        _note(cursor, ADD, author, made)
    return made


def release(company: Company, name: str, who: str, version: int | None = None) -> Script:
    """Let orders carry out a version; by another person than its author.

    It need not be named where only one waits. Refused where a step names nothing to read back, and
    where limits have grown since.
    """
    require_person(who)
    with transaction.atomic(), connection.cursor() as cursor:
        script = _version(company, name, version or _waiting(company, name), lock=True)
        against = _against(script, who)
        if against is None:
            cursor.execute(_RELEASE, [who, script.pk])
        _note(cursor, RELEASE, who, script, against)
    if against is not None:
        raise against
    script.refresh_from_db()
    return script


def find(company: Company, name: str, version: int | None = None) -> Script:
    """One version of a script, the newest where none is named; HesError where there is none."""
    return _version(company, name, version)


def all_of(company: Company) -> list[Script]:
    """Every version, by name, newest first; at most 1,000."""
    return list(Script.objects.filter(company=company).order_by("name", "-version")[:1000])


def written(script: Script) -> str:
    """The file that `add` makes the same steps of."""
    names = ("name", "target", "description", "steps")
    document = {name: getattr(script, name) for name in names}
    return json.dumps(document, indent=2, ensure_ascii=False)


def require_person(name: str) -> None:
    """Refuse a name that is no active user's: two names shall be two persons."""
    users = get_user_model().objects.filter(username=name, is_active=True)
    if not name or not users.exists():
        raise BadValue(f"no active user is called {name!r}", "make one: hes createsuperuser")


def _document(text: str) -> object:
    if len(text.encode(errors="replace")) > LARGEST_FILE:
        raise BadValue("the file is too large", f"write at most {LARGEST_FILE} bytes")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadValue(f"the file is no JSON: {error}", "mend it at that place") from error


def _version(company: Company, name: str, version: int | None, lock: bool = False) -> Script:
    found = Script.objects.filter(company=company, name=name).order_by("-version")
    if version is not None:
        found = found.filter(version=version)
    script = (found.select_for_update() if lock else found).first()
    if script is None:
        which = name if version is None else f"{name} {version}"
        raise HesError(f"company {company.code} has no script {which}: see `hes script list`")
    return script


def _waiting(company: Company, name: str) -> int | None:
    """The version that waits for its release, so that nobody releases one he has not read."""
    waiting = Script.objects.filter(company=company, name=name, released_at=None)
    versions = sorted(waiting.values_list("version", flat=True))
    if len(versions) > 1:
        told = ", ".join(map(str, versions))
        raise BadValue(f"versions {told} of script {name} wait", "name the one that you have read")
    return versions[0] if versions else None


def _note(
    cursor: CursorWrapper, act: str, who: str, script: Script, against: HesError | None = None
) -> None:
    """Into the audit; the hash is of the steps as they are stored."""
    steps = hashlib.sha256(json.dumps(script.steps, sort_keys=True).encode()).hexdigest()
    note = Act(
        act, who, script.company_id, target=f"script {script}", is_refused=against is not None,
        text=str(against or ""), count=len(script.steps), hash=steps,
    )  # fmt: skip
    audit.note(cursor, note)


def _against(script: Script, who: str) -> HesError | None:
    """Why `who` may not release it."""
    if script.released_at is not None:
        return HesError(f"script {script} was released by {script.released_by} already")
    if script.author == who:
        return HesError(f"{who} wrote script {script}: another person releases it")
    steps = steps_of(script.steps)
    if lacking := unprovable(steps):
        place = f"steps[{lacking[0]}]"
        return BadValue(
            f"script {script}, {place}: {steps[lacking[0]].object} names nothing to read back",
            "give read_back and expect, and add it again: a lost answer could not be found out",
        )
    return None
