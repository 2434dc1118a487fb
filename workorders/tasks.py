"""Celery shells: they wake and plan. A lost message costs seconds, never work (design D3)."""

from celery import shared_task
from django.utils import timezone

from workorders import engine, planning, slots


@shared_task(name="workorders.tasks.poke")  # type: ignore[untyped-decorator]
def poke() -> None:
    """Let the engine of this worker look for due lanes now."""
    engine.poke()


@shared_task(name="workorders.tasks.plan")  # type: ignore[untyped-decorator]
def plan() -> None:
    """Make due slots of the last 24 hours that lack, then look for work."""
    now = timezone.now()
    planning.ensure_partitions(now.date())
    if slots.plan(now):
        poke.apply_async(queue="collection", expires=50)
