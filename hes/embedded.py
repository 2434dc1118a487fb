"""PostgreSQL and Redis for one installation on one host, without anything installed or configured.

    with EmbeddedServers(home) as servers:
        servers.database_url     # postgres://hes_app@/hes?host=/tmp/hes-1000/5f0c2a91b7d3/s
        servers.redis_url        # unix:///tmp/hes-1000/5f0c2a91b7d3/s/redis, or None

Both listen on Unix sockets in a private folder and nowhere else; PostgreSQL knows people by their
operating-system user. They end with the process that started them, even if it is killed; should
one survive, the next start ends it. Places and users: `hes.servers.places`.
"""

import fcntl
import logging
import os
import shutil
import signal
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from hes.lib.home import private_folder
from hes.lib.processes import stop_leftovers
from hes.servers import binaries
from hes.servers.errors import ServerError
from hes.servers.places import Places, exclusive, give, places_for, runtime_root
from hes.servers.postgres import APP, OWNER, Postgres
from hes.servers.redis import Redis

log = logging.getLogger(__name__)

LEFTOVER_SIGNALS = (signal.SIGINT, signal.SIGQUIT)


class EmbeddedServers:
    """PostgreSQL and, where possible, Redis, from `start` to `stop`.

    `home` is HES_HOME. `durable=False` (tests) trades crash safety for speed and keeps nothing
    after `stop`. `bin_dir` names other PostgreSQL programs than the packaged ones.
    Call `start` from a thread that lives as long as the servers should (`hes.lib.processes`).
    """

    def __init__(self, home: Path, *, durable: bool = True, bin_dir: Path | None = None) -> None:
        self.home = home.absolute()
        self._durable = durable
        self._bin_dir = bin_dir
        self._places: Places | None = None
        self._owner_lock: IO[str] | None = None
        self._postgres: Postgres | None = None
        self._redis: Redis | None = None

    @property
    def database_url(self) -> str:
        """Address for every running process (role hes_app)."""
        return self._running_postgres.url(APP)

    @property
    def owner_database_url(self) -> str:
        """Address for migrations and partition maintenance (role hes_owner)."""
        return self._running_postgres.url(OWNER)

    @property
    def redis_url(self) -> str | None:
        """Address of Redis; None when it could not start and everything works by polling."""
        return self._redis.url if self._redis else None

    @property
    def environment(self) -> dict[str, str]:
        """The variables `hes.settings` reads to use these servers."""
        return {
            "HES_HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "OWNER_DATABASE_URL": self.owner_database_url,
            "REDIS_URL": self.redis_url or "",
        }

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the running servers by name."""
        servers = {"postgres": self._postgres, "redis": self._redis}
        return {name: server.pid for name, server in servers.items() if server}

    def start(self) -> None:
        """Start both. Raises ServerError when PostgreSQL cannot run or the home is in use."""
        private_folder(self.home)
        try:
            with exclusive(runtime_root() / "lock"):
                reap_leftovers()
                places = places_for(self.home, durable=self._durable)
                self._owner_lock = _take(places)
                self._places = places  # only now is it ours to remove
                bin_dir = self._bin_dir or binaries.postgres_bin(places.run_as)
            self._disown_foreign_cluster(places)
            self._start_postgres(places, bin_dir)
            self._start_redis(places)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop Redis, then PostgreSQL, and remove sockets and pid files."""
        if self._redis:
            self._redis.stop()
        if self._postgres:
            self._postgres.stop()
        if self._places:
            shutil.rmtree(self._places.run, ignore_errors=True)
        if self._owner_lock:
            self._owner_lock.close()
        self._redis = self._postgres = self._places = self._owner_lock = None

    def erase(self) -> None:
        """Delete the cluster of this home (`hes demo --reset`); refuses while it is in use."""
        with exclusive(runtime_root() / "lock"):
            reap_leftovers()
            places = places_for(self.home, durable=self._durable)
            if places.run.exists():
                raise ServerError(_in_use(places.run))
            for cluster in places.cluster.parent.glob("pg*"):  # also those put aside
                shutil.rmtree(cluster, ignore_errors=True)
            if places.run_as and places.cluster.parent.exists():
                places.cluster.parent.rmdir()
            (self.home / "cluster").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _running_postgres(self) -> Postgres:
        if self._postgres is None:
            raise ServerError("the embedded servers are not started")
        return self._postgres

    def _start_postgres(self, places: Places, bin_dir: Path) -> None:
        self._postgres = Postgres(places, bin_dir, durable=self._durable)
        self._postgres.start()

    def _start_redis(self, places: Places) -> None:
        redis = None
        try:
            redis = Redis(places, binaries.redis_bin(places.run_as))
            redis.start()
        except (ServerError, OSError) as fault:
            log.warning("Redis is not available, work is found by polling: %s", fault)
            return
        self._redis = redis

    def _disown_foreign_cluster(self, places: Places) -> None:
        """Put aside a cluster whose home was deleted: the keys that open its secrets are gone.

        Only a cluster outside the home (started by root) can be met so.
        """
        if not self._durable:
            return
        note = self.home / "cluster"
        if places.cluster.exists() and not note.exists():
            aside = places.cluster.with_name(f"pg.orphan-{places.cluster.stat().st_mtime_ns}")
            log.warning("%s belongs to a deleted HES_HOME, moved to %s", places.cluster, aside)
            places.cluster.rename(aside)
        note.write_text(f"{places.cluster}\n", encoding="utf-8")


def reap_leftovers() -> None:
    """End servers whose starter was killed, and remove their sockets (and throw-away clusters)."""
    for run in runtime_root().iterdir():
        if run.is_dir() and (lock := _try_lock(run)):
            with lock:
                stop_leftovers(run, LEFTOVER_SIGNALS, patience=10)
                shutil.rmtree(run, ignore_errors=True)


def _take(places: Places) -> IO[str]:
    """Make the run folder ours for as long as we live: the kernel drops the lock with us."""
    places.run.mkdir(mode=0o711 if places.run_as else 0o700, exist_ok=True)
    lock = _try_lock(places.run)
    if lock is None:
        raise ServerError(_in_use(places.run))
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    give(places.sockets, places.run_as)
    return lock


def _try_lock(run: Path) -> IO[str] | None:
    lock = (run / "owner").open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _in_use(run: Path) -> str:
    owner = (run / "owner").read_text(encoding="ascii").strip()
    return f"the servers of this HES_HOME already run, started by process {owner}"
