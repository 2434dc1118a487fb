"""The public models of the inventory and of what devices last said."""

from devices.models.access import ApiToken, Membership
from devices.models.alarms import Alarm
from devices.models.audit import AuditRow
from devices.models.concentrator import (
    AutodiscoveryConflict,
    CollectionCycle,
    Concentrator,
    ConcentratorStatus,
    DiscoveredNode,
    RepeaterRow,
)
from devices.models.last_values import (
    LastAlarmWord,
    LastInterruption,
    LastReading,
    MeterStatistics,
)
from devices.models.links import Association, MeterInstallation
from devices.models.meter import Meter, MeterModel
from devices.models.network import (
    CommunicationModule,
    EthernetModule,
    SimCard,
    Substation,
    Transformer,
)
from devices.models.organisation import Company, CompanySetting, Region
from devices.models.outbox import EndDeviceEvent, ExportBlock, SlotLedger
from devices.models.profiles import (
    ContractProfile,
    EnergyProfile,
    MeasurandItem,
    MeasurandProfile,
    ProcedureItem,
    ProcedureProfile,
    SpontaneousProfile,
    TariffProfile,
)
from devices.models.secrets import DataKey, DeviceSecret, InvocationCounter
from devices.models.usage_point import UsagePoint

__all__ = [
    "Alarm",
    "ApiToken",
    "Association",
    "AuditRow",
    "AutodiscoveryConflict",
    "CollectionCycle",
    "CommunicationModule",
    "Company",
    "CompanySetting",
    "Concentrator",
    "ConcentratorStatus",
    "ContractProfile",
    "DataKey",
    "DeviceSecret",
    "DiscoveredNode",
    "EndDeviceEvent",
    "EnergyProfile",
    "EthernetModule",
    "ExportBlock",
    "InvocationCounter",
    "LastAlarmWord",
    "LastInterruption",
    "LastReading",
    "MeasurandItem",
    "MeasurandProfile",
    "Membership",
    "Meter",
    "MeterInstallation",
    "MeterModel",
    "MeterStatistics",
    "ProcedureItem",
    "ProcedureProfile",
    "Region",
    "RepeaterRow",
    "SimCard",
    "SlotLedger",
    "SpontaneousProfile",
    "Substation",
    "TariffProfile",
    "Transformer",
    "UsagePoint",
]
