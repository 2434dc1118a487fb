"""`demo.json`: how to reach the running demo, for people, tests and our own commands."""

import json
import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from hes.demo.ports import LISTENING
from hes.lib.ready import write_ready

NAME = "demo.json"
EMBEDDED = "postgres://hes_app@/"  # no host, no password: a socket in a private folder
STREAM = "HES_EVENTHUB_CONNECTION_STRING"
SERVERS = ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL")


class Announcement:
    """The file in HES_HOME while a demo runs; readable by its owner only.

    `servers` hold no secret: only the embedded ones are named, which know their users by the
    operating system; addresses of other servers may carry passwords. `stream` carries the key of
    the local Event Hub, and of no other. `udp` are the ports of datagrams.
    """

    def __init__(self, home: Path, url: str, stream: Mapping[str, object]) -> None:
        self.url = url
        self._path = home / NAME
        self._facts = {
            "url": url,
            "pid": os.getpid(),
            "home": str(home),
            "ready": False,
            "servers": _servers(),
            "stream": dict(stream),
            "udp": {name: int(os.environ.get(variable, 0)) for name, variable in LISTENING.items()},
        }

    def write(self, *, ready: bool) -> None:
        """Replace the file in one step, so that nobody reads half of it."""
        self._facts["ready"] = ready
        write_ready(self._path, json.dumps(self._facts, indent=2) + "\n")

    def withdraw(self) -> None:
        """The demo has ended."""
        self._path.unlink(missing_ok=True)


def _servers() -> dict[str, str]:
    if not os.environ.get("DATABASE_URL", "").startswith(EMBEDDED):
        return {}
    return {name: os.environ.get(name, "") for name in SERVERS}


def join(home: Path, environment: MutableMapping[str, str]) -> bool:
    """Let commands started beside a running demo use its servers, unless others are named."""
    if environment.get("DATABASE_URL"):
        return False
    try:
        facts = json.loads((home / NAME).read_text(encoding="utf-8"))
        os.kill(facts["pid"], 0)
        servers = {name: str(facts["servers"][name]) for name in SERVERS}
        stream = str(facts["stream"]["connection_string"])
        udp = {variable: str(int(facts["udp"][name])) for name, variable in LISTENING.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    environment.update(servers | {"HES_HOME": str(home)})
    if stream:
        environment.setdefault(STREAM, stream)
    for variable, port in udp.items():
        environment.setdefault(variable, port)
    return True
