"""The public models of visits, their queue, and work orders."""

from workorders.models.campaigns import (
    Campaign,
    CampaignEvent,
    CampaignTarget,
    CampaignWave,
)
from workorders.models.images import FirmwareImage
from workorders.models.orders import (
    Freeze,
    Holiday,
    OrderEvent,
    OrderSource,
    ProtectedPoint,
    WorkOrder,
)
from workorders.models.scripts import Script
from workorders.models.work import Lane, Slot, SlotState, Visit, Worker

__all__ = [
    "Campaign",
    "CampaignEvent",
    "CampaignTarget",
    "CampaignWave",
    "FirmwareImage",
    "Freeze",
    "Holiday",
    "Lane",
    "OrderEvent",
    "OrderSource",
    "ProtectedPoint",
    "Script",
    "Slot",
    "SlotState",
    "Visit",
    "WorkOrder",
    "Worker",
]
