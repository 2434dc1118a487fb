"""Datagrams at line rate, and the C program that is the limit of receiving them."""

import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket

SOURCE = Path(__file__).with_name("udp_limit.c")
HOST = "127.0.0.1"
SAMPLE = bytes.fromhex("011300184E6B001214030902071532314C564D3530414530303038313602")


@dataclass(frozen=True, slots=True)
class Limit:
    """The compiled program."""

    program: Path

    def send(self, port: int, count: int) -> float:
        """Seconds it took."""
        sent, seconds = self._run("send", str(port), str(count))
        assert sent == count
        return seconds

    def drain(self, handle: int) -> tuple[int, float]:
        """How many datagrams a socket of ours held, and the seconds it took to take them out."""
        return self._run("drain", str(handle), handle=handle)

    def _run(self, *arguments: str, handle: int | None = None) -> tuple[int, float]:
        passed = () if handle is None else (handle,)
        argv = [str(self.program), *arguments]
        said = subprocess.check_output(argv, pass_fds=passed, text=True).split()  # noqa: S603
        return int(said[0]), float(said[1])


def compiled(home: Path) -> Limit | None:
    """None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    program = home / "udp_limit"
    subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE)], check=True)  # noqa: S603
    return Limit(program)


def send(limit: Limit | None, port: int, count: int) -> None:
    """As fast as we can: without a compiler that is half as fast."""
    if limit:
        limit.send(port, count)
        return
    with closing(socket(AF_INET, SOCK_DGRAM)) as sender:
        sender.connect((HOST, port))
        for _ in range(count):
            sender.send(SAMPLE)
