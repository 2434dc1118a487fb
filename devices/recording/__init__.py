"""Recording: the outcome of a visit, set-wise, one transaction per batch (design D9, D10, D12).

Every function opens its own transaction on the calling thread's connection. It begins with the
fence, so a worker that lost its lease records nothing.
"""

from devices.recording.batches import CollectionEnd, record, record_last
from devices.recording.concentrators import (
    record_clock,
    record_contact,
    record_status_word,
    store_status_word,
)
from devices.recording.fence import Fence, LeaseLost
from devices.recording.meters import record_alarm_word, record_exchange
from devices.recording.tally import Tally

__all__ = [
    "CollectionEnd",
    "Fence",
    "LeaseLost",
    "Tally",
    "record",
    "record_alarm_word",
    "record_clock",
    "record_contact",
    "record_exchange",
    "record_last",
    "record_status_word",
    "store_status_word",
]
