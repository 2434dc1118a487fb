"""Automatic association: discovered meters go under the concentrator that sees them (001 2).

Only meters of the company that are linked to a POD and wait for a concentrator; never one whose
node stands among the conflicts, or names another serial. Where several initialised concentrators
see it, the one with the best line takes it (*assumed*; lists older than two days do not count).
What software number 22 asks for - only discovered meters - is true of these by their origin.
"""

from typing import Any

from devices.choices import ConcentratorState, DiscoverySource, MeterState, ProcessState
from devices.events import Event
from devices.recording.work import Work
from hes.domain.events import EventKind

# The meter moves only if its association could begin: somebody else may just be at it.
_ASSOCIATE = """
WITH found AS (
    SELECT meter.id, node.row, node.phase
      FROM concentrator AS own JOIN discovered_node AS node ON node.concentrator_id = own.id
      JOIN meter ON meter.mac_address = node.mac_address AND meter.company_id = own.company_id
     WHERE own.id = %(own)s AND own.state = %(initialised)s AND node.state <> %(owned)s
       AND node.serial_number IN ('', meter.serial_number)
       AND meter.state = %(installed)s AND meter.process_state = %(step)s
       AND EXISTS (SELECT FROM meter_installation AS at
            WHERE at.meter_id = meter.id AND at.validity @> %(now)s)
       AND NOT EXISTS (SELECT FROM association AS any_other
            WHERE any_other.meter_id = meter.id AND any_other.validity && tstzrange(%(now)s, NULL))
       AND NOT EXISTS (SELECT FROM autodiscovery_conflict AS conflict
            WHERE conflict.concentrator_id = own.id AND conflict.mac_address = node.mac_address)
       AND NOT EXISTS (SELECT FROM discovered_node AS better
              JOIN concentrator AS rival ON rival.id = better.concentrator_id
            WHERE better.mac_address = node.mac_address AND rival.id <> own.id
              AND rival.company_id = own.company_id AND rival.state = %(initialised)s
              AND better.quality > node.quality
              AND better.read_at > %(now)s::timestamptz - interval '2 days')),
begun AS (
    INSERT INTO association (meter_id, concentrator_id, validity, "row", phase, source,
                             discovered_by_id)
    SELECT id, %(own)s, tstzrange(%(now)s, NULL), nullif(row, 0), phase, %(source)s, %(own)s
      FROM found ORDER BY id
        ON CONFLICT DO NOTHING RETURNING meter_id),
moved AS (
    UPDATE meter SET process_state = %(target)s, updated_at = now() FROM begun
     WHERE meter.id = begun.meter_id),
collected AS (
    INSERT INTO meter_statistics (meter_id, concentrator_id)
    SELECT meter_id, %(own)s FROM begun ORDER BY meter_id
        ON CONFLICT (meter_id) DO UPDATE SET concentrator_id = excluded.concentrator_id)
SELECT meter.id, meter.serial_number, point.name FROM begun
  JOIN meter ON meter.id = begun.meter_id
  JOIN meter_installation AS at ON at.meter_id = meter.id AND at.validity @> %(now)s
  JOIN usage_point AS point ON point.id = at.usage_point_id
 ORDER BY meter.id
"""
OWNED_BY_ANOTHER = 5  # node state (companion profile 3.3)


def associate(work: Work) -> None:
    """After the conflicts of the list are known; one event and LPE line per meter."""
    values: dict[str, Any] = {
        "own": work.fleet.id,
        "now": work.moment,
        "initialised": ConcentratorState.INITIALISED,
        "installed": MeterState.INSTALLED,
        "owned": OWNED_BY_ANOTHER,
        "step": ProcessState.TO_ASSOCIATE,
        "target": ProcessState.TO_COMMISSION,
        "source": DiscoverySource.AUTODISCOVERY,
    }
    work.cursor.execute(_ASSOCIATE, values)
    for meter_id, serial, pod in work.cursor.fetchall():
        work.events.append(
            Event(
                EventKind.METER_ASSOCIATED, work.fleet.company_id, work.fleet.id, work.fleet.name,
                meter_id, serial, pod,
            )
        )  # fmt: skip
