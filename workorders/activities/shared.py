"""The cursor that closure and profile collections share over status words and events."""

from devices.drivers.base import Table
from hes.domain.records import AlarmWord, MeterEvent
from workorders.activities.reading import Source

STATUS_WORDS = Source(Table.STATUS_AND_EVENTS, "status_words", keeps=(AlarmWord, MeterEvent))
