"""Which module records which kind, in the order in which every transaction writes them."""

from collections.abc import Callable

from devices.recording.kinds import (
    alarm_words,
    closures,
    current_data,
    interruption_counters,
    interruptions,
    load_profile,
    measurands,
    meter_log,
    nodes,
    repeaters,
    voltage_variation,
)
from hes.domain import records

RECORDERS: dict[type[records.Record], Callable[..., None]] = {
    records.CurrentData: current_data.record,
    records.AlarmWord: alarm_words.record,
    records.InterruptionCounters: interruption_counters.record,
    records.MeterEvent: meter_log.record,
    records.Node: nodes.record,
    records.Repeater: repeaters.record,
    records.LoadProfileRun: load_profile.record,
    records.MeasurandRun: measurands.record,
    records.DailyClosure: closures.record,
    records.VoltageVariation: voltage_variation.record,
    records.InterruptionEnded: interruptions.record,
}
