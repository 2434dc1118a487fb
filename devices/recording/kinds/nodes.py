"""T8, the node list of a concentrator, and the conflicts it shows (001 2, autodiscovery).

Conflicts are listed, never resolved silently. The first description is printed in 001, the others
are assumed.
"""

from collections.abc import Iterable, Iterator

from psycopg2.extras import execute_values

from devices.parameters import parameters_of
from devices.recording import newcomers
from devices.recording.work import Work
from hes.domain.errors import BadValue
from hes.domain.events import EventKind
from hes.domain.identifiers import named_text
from hes.domain.records import Node

SERIAL_LIMIT = 32  # characters
VERSION_LIMIT = 4  # bytes

_STORE = """
INSERT INTO discovered_node (concentrator_id, mac_address, serial_number, app_version, phase, row,
    quality, discovered_at, last_contact, state, owner_serial, read_at) VALUES %s
    ON CONFLICT (concentrator_id, mac_address) DO UPDATE
   SET serial_number = excluded.serial_number, app_version = excluded.app_version,
       phase = excluded.phase, row = excluded.row, quality = excluded.quality,
       discovered_at = excluded.discovered_at, last_contact = excluded.last_contact,
       state = excluded.state, owner_serial = excluded.owner_serial, read_at = excluded.read_at
"""
_ROW = (
    "(%s, %s, %s, %s, %s, %s, %s, to_timestamp(%s), to_timestamp(%s), %s, %s, "
    "statement_timestamp())"
)


def record(work: Work, nodes: Iterable[Node]) -> None:
    """Store the nodes as last read; those whose names no line could hold are told of."""
    by_mac = {node.mac: node for node in _acceptable(work, nodes)}
    if not by_mac:
        return
    rows = [_row(work.fleet.id, node) for _, node in sorted(by_mac.items())]
    execute_values(work.cursor.cursor, _STORE, rows, template=_ROW, page_size=len(rows))


def _acceptable(work: Work, nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes to store; one event per batch names the first of the others and its fault."""
    refused: list[str] = []
    for node in nodes:
        try:
            _check(node)
        except BadValue as fault:
            refused.append(f"{node.mac.hex().upper()}: {fault.problem}")
        else:
            yield node
    if refused:
        work.tally.refused += len(refused)
        detail = f"{len(refused)} rows of the node list refused, first {refused[0]}"
        work.events.append(work.event(EventKind.NODES_REFUSED, detail=detail))


def _check(node: Node) -> None:
    for source, text in (("serial", node.serial), ("owner", node.associated_concentrator)):
        named_text(source, text, SERIAL_LIMIT)
    if len(node.app_version) > VERSION_LIMIT:
        raise BadValue("version is too long", f"expect {VERSION_LIMIT} bytes")


def _row(concentrator_id: int, node: Node) -> tuple[object, ...]:
    return (
        *(concentrator_id, node.mac, node.serial, node.app_version.hex().upper()),
        *(node.phase, node.row, node.quality, node.discovered, node.last_contact),
        *(node.state, node.associated_concentrator),
    )


_FORGET = """
DELETE FROM discovered_node WHERE concentrator_id = %s AND mac_address <> ALL(%s::bytea[])
"""
# A MAC of another company's meter only "is in use elsewhere": nothing crosses companies.
_CONFLICTS = """
WITH own AS (SELECT id, company_id FROM concentrator WHERE id = %(own)s),
claims AS (
    SELECT node.mac_address, node.quality, node.discovered_at, meter.id AS meter_id,
           meter.company_id = own.company_id AS is_ours,
           meter.state = 'commissioned' AS is_commissioned,
           other.concentrator_id AS other_id, rival.concentrator_id AS rival_id
      FROM own
      JOIN discovered_node AS node ON node.concentrator_id = own.id
      LEFT JOIN meter ON meter.mac_address = node.mac_address
      LEFT JOIN association AS other ON other.meter_id = meter.id
           AND other.concentrator_id <> own.id AND other.validity @> %(now)s::timestamptz
      LEFT JOIN LATERAL (
           SELECT found.concentrator_id FROM discovered_node AS found
             JOIN concentrator ON concentrator.id = found.concentrator_id
            WHERE found.mac_address = node.mac_address AND found.concentrator_id <> own.id
              AND found.state IN (2, 3) AND concentrator.company_id = own.company_id
            ORDER BY found.last_contact DESC NULLS LAST LIMIT 1) AS rival ON TRUE),
found AS (
    SELECT mac_address, quality, discovered_at,
           CASE WHEN is_ours THEN meter_id END AS meter_id,
           CASE WHEN is_ours THEN coalesce(other_id, rival_id) END AS associated_id,
           CASE WHEN meter_id IS NULL THEN 'Not in the database'
                WHEN NOT is_ours THEN 'In use elsewhere'
                WHEN other_id IS NOT NULL AND is_commissioned
                     THEN 'Commissioned and reachable by another concentrator'
                WHEN other_id IS NOT NULL THEN 'Associated with another concentrator'
                WHEN rival_id IS NOT NULL THEN 'Recruited by another concentrator'
           END AS description
      FROM claims),
gone AS (
    DELETE FROM autodiscovery_conflict AS old
     WHERE concentrator_id = %(own)s AND NOT EXISTS (
           SELECT FROM found
            WHERE found.mac_address = old.mac_address AND description IS NOT NULL))
INSERT INTO autodiscovery_conflict (concentrator_id, associated_concentrator_id, mac_address,
    meter_id, description, quality, discovered_at, inserted_at)
SELECT %(own)s, associated_id, mac_address, meter_id, description, quality, discovered_at, %(now)s
  FROM found WHERE description IS NOT NULL ORDER BY mac_address
    ON CONFLICT (concentrator_id, mac_address) DO UPDATE
   SET associated_concentrator_id = excluded.associated_concentrator_id,
       meter_id = excluded.meter_id, description = excluded.description,
       quality = excluded.quality, discovered_at = excluded.discovered_at
"""


def finish(work: Work, seen: frozenset[bytes]) -> None:
    """At the end of the list: forget the nodes that are no longer in it, list the conflicts, and
    associate what may be associated."""
    work.cursor.execute(_FORGET, [work.fleet.id, sorted(seen)])
    work.cursor.execute(_CONFLICTS, {"own": work.fleet.id, "now": work.moment})
    if parameters_of(work.fleet.company_id).flag("associate_automatically"):
        newcomers.associate(work)
