"""From the staged, sealed secrets of a run to the devices' own, sealed to their rows."""

from collections.abc import Iterator, Sequence

from django.db import connection

from devices import keys
from devices.choices import Holder, SecretRole
from devices.imports.report import Operation
from devices.imports.staging import Run
from devices.imports.template import Template

Secrets = dict[SecretRole, bytes]


def store_secrets(run: Run, template: Template) -> None:
    """Store the secrets of all staged rows; in a change only those that differ are replaced.

    Rows whose secrets were replaced count as changed. Empty columns keep what is stored.
    """
    if template.holder is None:
        return
    replaced: list[int] = []
    are_new = run.operation is Operation.CREATE
    keys.store_many(_differing(run, template, template.holder, replaced), are_new=are_new)
    if not are_new:
        run.execute(
            "UPDATE import_row SET is_changed = true WHERE target_id = ANY(%(ids)s)", ids=replaced
        )


def _differing(
    run: Run, template: Template, holder: Holder, replaced: list[int]
) -> Iterator[keys.DeviceKeys]:
    for batch in _opened(run, template):
        stored = _stored(run, holder, list(batch))
        for pk, given in batch.items():
            if new := _new(given, stored.get((holder, pk), {})):
                replaced.append(pk)
                yield keys.DeviceKeys(run.company_id, holder, pk, new)


def _stored(run: Run, holder: Holder, ids: list[int]) -> dict[tuple[Holder, int], Secrets]:
    return keys.load((holder, pk) for pk in ids) if run.operation is Operation.CHANGE else {}


def _new(given: Secrets, stored: Secrets) -> Secrets:
    """What differs from the stored secrets; of a key pair always both."""
    new = {role for role, value in given.items() if stored.get(role) != value}
    if new.intersection(keys.PAIR):
        new.update(keys.PAIR)
    return {role: given[role] for role in new}


def _opened(run: Run, template: Template) -> Iterator[dict[int, Secrets]]:
    """Device id -> secrets, in batches read by a server-side cursor."""
    names = [column.field for column in template.columns if column.is_secret]
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT line, target_id, serialnumber, {', '.join(names)} FROM import_row"
            f" WHERE num_nonnulls({', '.join(names)}) > 0"
        )
        while rows := cursor.fetchmany(keys.CHUNK):
            yield {
                pk: template.secrets(serial, _row(run, line, names, sealed))
                for line, pk, serial, *sealed in rows
            }


def _row(
    run: Run, line: int, names: Sequence[str], sealed: Sequence[memoryview | None]
) -> dict[str, bytes]:
    return {
        name: run.open(line, name, bytes(value))
        for name, value in zip(names, sealed, strict=True)
        if value is not None
    }
