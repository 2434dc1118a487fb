"""Ticks of beat for this app: name -> task, seconds, queue. A tick is harmless twice."""

TICKS: dict[str, dict[str, object]] = {
    "watch the export": {
        "task": "integration.tasks.watch",
        "schedule": 15.0,
        "options": {"queue": "export", "expires": 14},
    },
}
