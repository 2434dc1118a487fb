"""Ticks of beat for this app: name -> task, seconds, queue. A tick is harmless twice."""

TICKS: dict[str, dict[str, object]] = {
    "watch the listeners": {
        "task": "listeners.tasks.watch",
        "schedule": 15.0,
        "options": {"queue": "maintenance", "expires": 14},
    },
}
