"""The public models of visits and their queue."""

from workorders.models.work import Lane, Slot, SlotState, Visit, Worker

__all__ = ["Lane", "Slot", "SlotState", "Visit", "Worker"]
