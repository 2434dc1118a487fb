"""The public models of visits, their queue, and work orders."""

from workorders.models.orders import Freeze, OrderEvent, OrderSource, ProtectedPoint, WorkOrder
from workorders.models.work import Lane, Slot, SlotState, Visit, Worker

__all__ = [
    "Freeze",
    "Lane",
    "OrderEvent",
    "OrderSource",
    "ProtectedPoint",
    "Slot",
    "SlotState",
    "Visit",
    "WorkOrder",
    "Worker",
]
