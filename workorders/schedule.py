"""Ticks of beat for this app: name -> task, seconds, queue. A tick is harmless twice."""

TICKS: dict[str, dict[str, object]] = {
    "plan due slots": {
        "task": "workorders.tasks.plan",
        "schedule": 60.0,
        "options": {"queue": "control", "expires": 50},
    },
    "wake the engines": {
        "task": "workorders.tasks.poke",
        "schedule": 60.0,
        "options": {"queue": "collection", "expires": 50},
    },
}
