"""An embedded PostgreSQL: Unix socket only, peer authentication only, ends with us."""

import shutil
import signal
import subprocess
import time
from contextlib import closing
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import psycopg2

from hes.lib.processes import Launch, open_log, spawn
from hes.servers.errors import ServerError
from hes.servers.places import Places, give, passwd_name
from hes.servers.server import Server

SUPERUSER = "postgres"
DATABASE = "hes"
OWNER, APP = "hes_owner", "hes_app"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
START_SECONDS = 120.0  # a crashed cluster may have much to replay

HBA = "local all all peer map=hes\n"  # nothing over TCP, nobody by trust
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """One cluster in `places`; `durable=False` gives up crash safety for speed (tests)."""

    name = "postgres"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)  # fast, then immediate: never wait for clients

    def __init__(self, places: Places, bin_dir: Path, *, durable: bool) -> None:
        super().__init__(places)
        self._bin = bin_dir
        self._durable = durable

    def url(self, role: str) -> str:
        """``postgres://role@/hes?host=<socket folder>``."""
        return f"postgres://{role}@/{DATABASE}?host={quote(str(self._places.sockets), safe='/')}"

    def start(self) -> None:
        """Make the cluster if there is none, start the server, see to roles and database."""
        if not self._places.cluster.exists():
            self._initialise()
        self._check_version()
        self._write_access_rules()
        self._spawn(self._launch())
        self._wait_until_ready()
        self._ensure_database()

    def _initialise(self) -> None:
        """initdb beside, then rename: an interrupted one never looks like a cluster."""
        cluster = self._places.cluster
        draft = cluster.with_name("pg.new")
        give(cluster.parent, self._places.run_as)
        shutil.rmtree(draft, ignore_errors=True)
        argv = [str(self._bin / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--auth=peer"]
        argv += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        argv += [] if self._durable else ["--no-sync"]
        with open_log(self._places.log("postgres")) as log:
            launch = Launch(argv, ENVIRONMENT, self._places.run_as, signal.SIGKILL)
            if spawn(launch, log).wait() != 0:
                raise ServerError(f"initdb failed, see {self._places.log('postgres')}")
        draft.rename(cluster)

    def _check_version(self) -> None:
        made_by = (self._places.cluster / "PG_VERSION").read_text().strip()
        output = subprocess.check_output([self._bin / "postgres", "--version"], text=True)  # noqa: S603
        ours = output.split()[2].split(".")[0]
        if made_by != ours:
            raise ServerError(
                f"{self._places.cluster} was made by PostgreSQL {made_by}, this is {ours}; "
                "start again with `hes demo --reset`, or set DATABASE_URL"
            )

    def _write_access_rules(self) -> None:
        users = {passwd_name()} | ({self._places.run_as.name} if self._places.run_as else set())
        roles = (SUPERUSER, OWNER, APP)
        lines = [f'hes "{user}" {role}\n' for user in sorted(users) for role in roles]
        for name, content in (("pg_hba.conf", HBA), ("pg_ident.conf", "".join(lines))):
            path = self._places.run / name
            path.write_text(content, encoding="utf-8")
            path.chmod(0o644)

    def _launch(self) -> Launch:
        run = self._places.run
        settings = SETTINGS | ({} if self._durable else THROWAWAY)
        settings |= {
            "unix_socket_directories": str(self._places.sockets),
            "hba_file": str(run / "pg_hba.conf"),
            "ident_file": str(run / "pg_ident.conf"),
        }
        argv = [str(self._bin / "postgres"), "-D", str(self._places.cluster)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return Launch(argv, ENVIRONMENT, self._places.run_as, signal.SIGINT)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._running.poll() is not None:
                break
            try:
                self._connect("postgres").close()
            except psycopg2.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise self._not_started()

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        connection = psycopg2.connect(
            host=str(self._places.sockets), user=SUPERUSER, dbname=database, connect_timeout=10
        )
        connection.autocommit = True
        return connection

    def _ensure_database(self) -> None:
        with closing(self._connect("postgres")) as connection, connection.cursor() as cursor:
            cursor.execute(_sql("roles.sql"))
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            if not self._durable:  # a test session makes one database per worker
                cursor.execute(f"ALTER ROLE {OWNER} CREATEDB")
        with closing(self._connect(DATABASE)) as connection, connection.cursor() as cursor:
            cursor.execute(_sql("grants.sql"))


def _sql(name: str) -> str:
    return (resources.files("hes.servers") / name).read_text(encoding="utf-8")
