"""The embedded servers: private, gone with their starter, the same for root and for others."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from hes.embedded import EmbeddedServers
from hes.lib.processes import ProcessIdentity
from hes.servers import binaries
from hes.servers.errors import ServerError
from hes.servers.places import places_for

AS_ROOT = os.geteuid() == 0
STARTER = """
import json, sys
from pathlib import Path
from hes.embedded import EmbeddedServers
with EmbeddedServers(Path(sys.argv[1]), durable=sys.argv[2] == "durable") as servers:
    print(json.dumps({"environment": servers.environment, "pids": servers.pids}), flush=True)
    sys.stdin.read()
"""
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    "PYTHONDONTWRITEBYTECODE": "1",
}
QUESTION = """
import psycopg2, sys
connection = psycopg2.connect(sys.argv[1])
cursor = connection.cursor()
cursor.execute("SELECT current_user")
print(cursor.fetchone()[0])
"""


def run_as_nobody(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, user="nobody", group=pwd.getpwnam("nobody").pw_gid, extra_groups=[], cwd="/",
        env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def python_of_everybody() -> str:
    """A Python of our version that any user may execute; ours may lie below a closed folder."""
    version = f"python3.{sys.version_info.minor}"
    for program in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        with contextlib.suppress(OSError):
            if run_as_nobody([program, "-c", "import hes.embedded"]).returncode == 0:
                return program
    pytest.skip("no Python here that an ordinary user may execute")


@dataclass
class Started:
    """Servers started by a process of their own."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    pids: dict[str, int]

    @property
    def sockets(self) -> Path:
        return Path(self.environment["DATABASE_URL"].partition("host=")[2])

    def end(self) -> None:
        self.process.communicate(timeout=30)


@contextlib.contextmanager
def started(home: Path, mode: str = "durable", user: str | None = None) -> Iterator[Started]:
    process = subprocess.Popen(
        [python_of_everybody() if user else sys.executable, "-c", STARTER, str(home), mode],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/", user=user,
        group=pwd.getpwnam(user).pw_gid if user else None, extra_groups=[] if user else None,
        env=ENVIRONMENT,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        yield Started(process, **json.loads(line))
    finally:
        process.kill()
        process.communicate()


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def gone(pids: dict[str, int]) -> bool:
    return not any(ProcessIdentity.of(pid) for pid in pids.values())


@contextlib.contextmanager
def session(url: str) -> Iterator["psycopg2.extensions.cursor"]:
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        yield cursor
        connection.commit()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    EmbeddedServers(home).erase()


@pytest.fixture
def open_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home any user may make, outside the closed folders of this test session."""
    folder = Path("/tmp") / f"hes-open-{os.getpid()}"  # noqa: S108
    folder.mkdir()
    folder.chmod(0o1777)
    yield folder / "home"
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def test_a_second_start_finds_what_the_first_stored(home):
    for expected in ([], [("kept",)]):
        with EmbeddedServers(home) as servers, session(servers.owner_database_url) as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS note (word text)")
            cursor.execute("SELECT word FROM note")
            assert cursor.fetchall() == expected
            cursor.execute("INSERT INTO note VALUES ('kept')")


def test_a_throw_away_cluster_leaves_no_trace(home):
    servers = EmbeddedServers(home, durable=False)
    servers.start()
    sockets = Path(servers.database_url.partition("host=")[2])
    pids = servers.pids
    assert sorted(pids) == ["postgres", "redis"]
    servers.stop()
    assert gone(pids)
    assert not sockets.parent.exists()


def test_sockets_are_private_short_and_the_only_way_in(home):
    with EmbeddedServers(home) as servers:
        sockets = Path(servers.database_url.partition("host=")[2])
        assert mode_of(sockets) == 0o700
        assert len(str(sockets / ".s.PGSQL.5432")) < 100
        with session(servers.database_url) as cursor:
            cursor.execute("SHOW listen_addresses")
            assert cursor.fetchone() == ("",)
        for pid in servers.pids.values():
            assert tcp_inodes().isdisjoint(socket_inodes(pid))


def tcp_inodes() -> set[str]:
    """Inodes of all TCP sockets of this host."""
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [line for table in tables if table.exists() for line in table.read_text().splitlines()]
    return {line.split()[9] for line in lines}


def socket_inodes(pid: int) -> set[str]:
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def test_folders_above_keep_their_modes(tmp_path, home):
    folders = [tmp_path, *tmp_path.parents, Path("/var/lib"), Path("/tmp"), Path.home()]  # noqa: S108
    before = {folder: mode_of(folder) for folder in folders if folder.exists()}
    with EmbeddedServers(home):
        pass
    assert {folder: mode_of(folder) for folder in before} == before
    assert mode_of(home) == 0o700


def test_one_home_has_one_set_of_servers_and_a_refused_start_does_not_harm_it(home):
    with EmbeddedServers(home) as servers:
        second = EmbeddedServers(home)
        with pytest.raises(ServerError, match=f"started by process {os.getpid()}"):
            second.start()
        second.stop()
        with pytest.raises(ServerError, match="already run"):
            second.erase()
        with session(servers.database_url) as cursor:
            cursor.execute("SELECT 1")


def test_a_killed_starter_leaves_no_process_and_the_next_start_works(home):
    with started(home) as first:
        os.kill(first.process.pid, signal.SIGKILL)
        wait_until(lambda: gone(first.pids))
    with started(home) as second:
        assert second.sockets == first.sockets
        second.end()
        assert not second.sockets.exists()


def test_servers_that_outlive_their_starter_are_ended_by_the_next_start(home):
    with started(home) as first:
        for pid in first.pids.values():
            os.kill(pid, signal.SIGSTOP)  # deaf to the notice of their starter's death
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        assert not gone(first.pids)
        with started(home) as second:
            assert gone(first.pids)
            second.end()


def test_a_killed_throw_away_cluster_is_removed_by_the_next_start_of_anything(tmp_path):
    with started(tmp_path / "killed", "throw-away") as first:
        os.kill(first.process.pid, signal.SIGKILL)
        wait_until(lambda: gone(first.pids))
        assert (first.sockets.parent / "data").exists()
    with EmbeddedServers(tmp_path / "other", durable=False):
        assert not first.sockets.parent.exists()


def test_a_pid_file_that_names_a_stranger_harms_nobody(home):
    with started(home) as first:
        os.kill(first.process.pid, signal.SIGKILL)
        wait_until(lambda: gone(first.pids))
    stranger = ProcessIdentity.of(os.getpid())
    ProcessIdentity(stranger.pid, stranger.started - 1).write(first.sockets.parent / "redis.pid")
    with EmbeddedServers(home):
        pass


def test_work_goes_on_without_redis(home, monkeypatch, caplog):
    monkeypatch.setattr(binaries, "REDIS_PACKAGE", "no_such_package")
    with EmbeddedServers(home, durable=False) as servers:
        assert servers.redis_url is None
        assert servers.environment["REDIS_URL"] == ""
    assert "work is found by polling" in caplog.text


def test_a_cluster_of_another_major_version_is_refused_with_the_cure(home):
    with EmbeddedServers(home):
        pass
    (places_for(home.absolute(), durable=True).cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 9.*hes demo --reset"):
        EmbeddedServers(home).start()


@pytest.mark.skipif(not AS_ROOT, reason="only root runs servers as somebody else")
def test_root_runs_them_as_an_unprivileged_user_with_the_data_outside_its_home(home):
    with EmbeddedServers(home) as servers:
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in servers.pids.values()}
        cluster = places_for(home, durable=True).cluster
        assert owners == {cluster.stat().st_uid}
        assert 0 not in owners
        assert cluster.is_relative_to("/var/lib/hes")


@pytest.mark.skipif(not AS_ROOT, reason="only root keeps clusters outside the home")
def test_a_cluster_whose_home_was_deleted_is_put_aside(home, caplog):
    with EmbeddedServers(home):
        pass
    (home / "cluster").unlink()
    with EmbeddedServers(home):
        assert "belongs to a deleted HES_HOME" in caplog.text


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_an_ordinary_user_keeps_everything_in_the_home(open_home):
    with started(open_home, user="nobody") as servers:
        uid = pwd.getpwnam("nobody").pw_uid
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in servers.pids.values()} == {uid}
        assert (open_home / "pg" / "PG_VERSION").exists()
        assert servers.sockets.is_relative_to(f"/tmp/hes-{uid}")  # noqa: S108
        os.kill(servers.process.pid, signal.SIGKILL)
        wait_until(lambda: gone(servers.pids))
        assert not list(servers.sockets.glob(".s.PGSQL*"))
        shutil.rmtree(servers.sockets.parent)


@pytest.mark.skipif(not AS_ROOT, reason="only root can become somebody else")
def test_a_stranger_on_the_same_host_cannot_enter(home):
    with EmbeddedServers(home) as servers:
        answer = run_as_nobody([python_of_everybody(), "-c", QUESTION, servers.database_url])
    assert "Permission denied" in answer.stderr


@pytest.mark.skipif(not AS_ROOT, reason="only root needs a copy of the programs")
def test_programs_below_a_closed_folder_are_copied_for_the_servers_user(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    (closed / "fake" / "bin").mkdir(parents=True)
    closed.chmod(0o700)
    program = closed / "fake" / "bin" / "program"
    program.write_text("#!/bin/sh\necho 1\n")
    program.chmod(0o755)
    state = Path("/tmp") / f"hes-state-{os.getpid()}"  # noqa: S108
    monkeypatch.setattr(binaries, "STATE_ROOT", state)
    run_as = places_for(tmp_path, durable=True).run_as
    programs = binaries.Programs(closed, ("fake/bin",), "fake/bin", "1")
    try:
        found = binaries._reachable(programs, "program", run_as)
        assert found.is_relative_to(state)
        assert binaries._can_execute(found / "program", run_as)
        assert mode_of(closed) == 0o700
    finally:
        subprocess.run(["rm", "-rf", str(state)], check=True)
