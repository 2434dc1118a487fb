"""Where the embedded servers live on this host, and as which user.

======================  ==============================  =======================
what                    started by root                 started by anybody else
======================  ==============================  =======================
runs as                 ``hes`` (else ``nobody``)       that user
cluster                 ``/var/lib/hes/<id>/pg``        ``HES_HOME/pg``
sockets (0700)          ``/tmp/hes-0/<id>/s``           ``/tmp/hes-<uid>/<id>/s``
======================  ==============================  =======================

``<id>`` comes from the path of HES_HOME. Sockets are apart from the data because a socket path
must stay under 100 bytes; a cluster that need not last lies beside its sockets. What we write
ourselves (pid files, ``pg_hba.conf``) never lies in a folder the servers' user can write.
Existing folders keep their modes, always.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hes.lib.processes import RunAs
from hes.servers.errors import ServerError

STATE_ROOT = Path("/var/lib/hes")
SOCKET_ROOT = Path("/tmp")  # noqa: S108 - short enough for sockets; our folder in it is checked
FIRST_HUMAN_UID = 1000


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one installation and the user its servers run as (None: the current one)."""

    home: Path
    cluster: Path
    run: Path
    run_as: RunAs | None

    @property
    def sockets(self) -> Path:
        """Folder of the sockets: mode 0700, owned by the servers' user."""
        return self.run / "s"

    def log(self, name: str) -> Path:
        """The log file of a server, in HES_HOME/logs."""
        return self.home / "logs" / f"{name}.log"


def places_for(home: Path, *, durable: bool) -> Places:
    """Decide all places; makes nothing but, for root, the servers' user."""
    ident = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    run = runtime_root() / ident
    run_as = server_user() if os.geteuid() == 0 else None
    if not durable:
        cluster = run / "data" / "pg"
    else:
        cluster = (STATE_ROOT / ident if run_as else home) / "pg"
    return Places(home, cluster, run, run_as)


def runtime_root() -> Path:
    """``/tmp/hes-<uid>``: ours, whoever may have made it before us. Raises ServerError if not."""
    root = SOCKET_ROOT / f"hes-{os.geteuid()}"
    with contextlib.suppress(FileExistsError):
        root.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
    status = root.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise ServerError(f"{root} belongs to somebody else or is open to others; remove it")
    return root


def server_user() -> RunAs:
    """The unprivileged system user for servers started by root: ``hes``, made if possible."""
    user = _system_user("hes") or _made_user("hes") or _system_user("nobody")
    if user is None:
        raise ServerError("no unprivileged user for PostgreSQL; run: useradd --system hes")
    return user


def give(folder: Path, run_as: RunAs | None) -> Path:
    """Make a folder (0700) for the servers' user; a folder that exists is left as it is."""
    if not folder.exists():
        folder.parent.mkdir(mode=0o711 if run_as else 0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        if run_as:
            os.chown(folder, run_as.uid, run_as.gid)
    return folder


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a file lock for the length of the block: starts at the same time wait in turn."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def passwd_name() -> str:
    """The name of the current user, which peer authentication compares. Raises ServerError."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ServerError(
            f"user id {os.geteuid()} has no name in /etc/passwd, which PostgreSQL needs"
        ) from None


def _system_user(name: str) -> RunAs | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    if entry.pw_uid == 0 or (entry.pw_uid >= FIRST_HUMAN_UID and name != "nobody"):
        return None  # somebody's login that happens to have the name
    return RunAs(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _made_user(name: str) -> RunAs | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is None:
        return None
    subprocess.run(  # noqa: S603 - constant arguments
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
        check=False,
        capture_output=True,
    )
    return _system_user(name)
