"""T8: what autodiscovery found."""

from devices.drivers.cosem.tables.rows import Moment, row_table
from devices.drivers.cosem.text import text
from devices.protocol.tables import NODE_LIST
from devices.protocol.tables.node_list import DISCOVERED, LAST_CONTACT
from hes.domain.records import Node


def _node(
    mac: bytes, serial: bytes, version: bytes, phase: int, row: int, quality: int,
    discovered: Moment | None, contact: Moment | None, state: int, concentrator: bytes,
) -> Node:  # fmt: skip
    return Node(
        mac, text(serial), version, phase, row, quality,
        discovered and discovered[0], contact and contact[0], state, text(concentrator),
    )  # fmt: skip


READER = row_table(NODE_LIST, _node, optional=(DISCOVERED, LAST_CONTACT))
