"""Azurite, the local Blob service of the storage SDK's makers, as a process that tests may harm.

Its Node packages are pinned in `tools/azurite`; `make test` installs them where npm is.
"""

import base64
import os
import secrets
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError

import pytest
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from hes.demo.ports import free_port
from hes.lib.processes import die_with
from tests.factories.processes import wait_until

PROGRAM = Path(__file__).parents[2] / "tools/azurite/node_modules/azurite/dist/src/blob/main.js"
ACCOUNT = "hestest"


@dataclass(slots=True)
class Azurite:
    """A running service with one account, whose key nobody else knows."""

    folder: Path
    port: int
    key: str = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Of the account; a container's is below it."""
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """With the account's key."""
        parts = ("DefaultEndpointsProtocol=http", f"AccountName={ACCOUNT}")
        return ";".join([*parts, f"AccountKey={self.key}", f"BlobEndpoint={self.address}", ""])

    def container_url(
        self, container: str, permissions: str = "cw", expiry: timedelta = timedelta(days=30)
    ) -> str:
        """The container's address with a signature; `expiry` counts from now, also backwards."""
        now = datetime.now(UTC)
        signature = generate_container_sas(
            ACCOUNT,
            container,
            account_key=self.key,
            permission=ContainerSasPermissions.from_string(permissions),
            start=now - timedelta(days=60),
            expiry=now + expiry,
        )
        return f"{self.address}/{container}?{signature}"

    def client(self, container: str) -> ContainerClient:
        """For the test's own looks, with all rights; the container need not exist."""
        return ContainerClient.from_connection_string(self.connection_string, container)

    def start(self) -> None:
        """Start on the same port with what is stored, wait until it answers."""
        self.process = subprocess.Popen(
            [
                *("node", str(PROGRAM), "--silent", "--disableTelemetry", "--skipApiVersionCheck"),
                *("--blobHost", "127.0.0.1", "--blobPort", str(self.port)),
                *("--location", str(self.folder)),
            ],
            env={"PATH": os.environ["PATH"], "AZURITE_ACCOUNTS": f"{ACCOUNT}:{self.key}"},
            stdout=subprocess.DEVNULL,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )
        wait_until(self.answers, seconds=30.0)

    def answers(self) -> bool:
        """Whether it speaks HTTP by now."""
        assert self.process is not None
        assert self.process.poll() is None, "Azurite ended"
        try:
            urllib.request.urlopen(self.address, timeout=1.0)
        except HTTPError:
            return True  # nobody signed the question
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it in order; `start` finds everything again."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would: it forgets what it was told in the last seconds."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20.0)

    def freeze(self) -> None:
        """It keeps its connections, takes new ones, and says nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """A service of its own that keeps its blobs in `folder`; skips the test where there is none."""
    if not PROGRAM.exists() or shutil.which("node") is None:
        pytest.skip("npm is absent: run `make test` where Node is installed")
    service = Azurite(folder, free_port(0), base64.b64encode(secrets.token_bytes(64)).decode())
    try:
        service.start()
        yield service
    finally:
        service.kill()
