"""`$management`: READ of what a hub and a partition are, as the service answers it."""

from collections.abc import Callable

from integration.eventhub_local.codec import Array, Int, Long, Timestamp
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.messages import Request, response, text
from integration.eventhub_local.namespace import Namespace, OpenHub
from integration.eventhub_local.partition import Partition

STATUS = {"amqp:not-found": 404, "amqp:unauthorized-access": 401, "amqp:not-implemented": 501}


def answer(request: Request, namespace: Namespace, demand: Callable[[str], None]) -> bytes:
    """The response to a request, a refusal too; `demand` checks the right to a hub."""
    try:
        hub = namespace.hub(text(request.properties.get("name")))
        demand(hub.name)
        return response(request, 200, "OK", _read(request, hub))
    except AmqpError as fault:
        status = STATUS.get(fault.condition, 400)
        return response(request, status, f"{fault.condition}: {fault.description}")


def _read(request: Request, hub: OpenHub) -> dict[str, object]:
    kind = text(request.properties.get("type"))
    if text(request.properties.get("operation")) != "READ":
        raise AmqpError("amqp:not-implemented", "Only READ is offered.")
    if kind == "com.microsoft:eventhub":
        return _hub(hub)
    if kind == "com.microsoft:partition":
        return _partition(hub, hub.partition(text(request.properties.get("partition"))))
    raise AmqpError("amqp:not-implemented", f"Nothing is known of {kind!r:.60}.")


def _hub(hub: OpenHub) -> dict[str, object]:
    return {
        "name": hub.name,
        "type": "com.microsoft:eventhub",
        "created_at": Timestamp(hub.created),
        "partition_count": Int(len(hub.partitions)),
        "partition_ids": Array(str(each.number) for each in hub.partitions),
    }


def _partition(hub: OpenHub, partition: Partition) -> dict[str, object]:
    last, begin = partition.last, partition.log.segments[0].sequence
    return {
        "name": hub.name,
        "type": "com.microsoft:partition",
        "partition": str(partition.number),
        "begin_sequence_number": Long(begin),
        "last_enqueued_sequence_number": Long(last.sequence),
        "last_enqueued_offset": str(last.offset),
        "last_enqueued_time_utc": Timestamp(last.enqueued),
        "is_partition_empty": last.sequence < begin,
    }
