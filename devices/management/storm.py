"""`hes simulate storm`: the datagrams of one storm over real UDP, without a field that listens."""

import time
from argparse import ArgumentParser
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from django.conf import settings

from devices.simulator import storms
from devices.simulator.datagrams import Sender, play
from devices.simulator.population import Fleet, host
from devices.simulator.server import SHARED_HOST
from devices.simulator.storms import Gasp, Road, Storm

SHARES = (
    ("losses", "of the datagrams never arrive"),
    ("copies", "of them arrive twice"),
    ("replays", "of them arrive again after an hour"),
    ("late", "of them arrive up to 5 min late, behind younger ones"),
    ("garbage", "of them bring other bytes with them"),
)

LONGEST = 86_400  # seconds; a stamp that is older is not believed anyway


def add_arguments(parser: ArgumentParser) -> None:
    """Where power is away, for how long, who is told, and what the road does."""
    group = parser.add_argument_group("storm")
    group.add_argument(
        "--dark", default="SE-0001", metavar="AREA",
        help="transformer TR-00001, substation SE-0001, region RG-01 (default %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--behind", action="store_true", help="cut LV lines behind living concentrators"
    )
    group.add_argument(
        "--meters-share", type=float, default=0.0, metavar="N",
        help="of the meters that concentrators tell of (default %(default)s)",
    )  # fmt: skip
    group.add_argument("--lasts", type=int, default=300, metavar="N", help="seconds")
    group.add_argument("--to", default=SHARED_HOST, metavar="HOST", help="IPv4 of the listener")
    group.add_argument(
        "--to-port", type=int, default=settings.LAST_GASP_PORT, metavar="N",
        help="its port (default %(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--at-once", action="store_true", help="a storm that is over, said as fast as it goes"
    )
    for name, text in SHARES:
        group.add_argument(f"--{name}", type=float, default=0.0, metavar="SHARE", help=text)


def send(fleet: Fleet, options: dict[str, Any]) -> str:
    """Send it; tells how many datagrams left. ValueError where an argument does not fit."""
    gasps = storms.said(fleet, _storm(fleet, options), _road(options))
    to = _address(options["to"]), _port(options["to_port"])
    sender = Sender()

    def say(gasp: Gasp) -> None:
        sender.send(_source(options, gasp.concentrator), to, gasp.raw)

    try:
        said = play(gasps, say, at_once=options["at_once"])
    finally:
        sender.close()
    return f"{sender.sent} of {said} datagrams left for {to[0]}:{to[1]}"


def _storm(fleet: Fleet, options: dict[str, Any]) -> Storm:
    """It begins now; one that is told at once has ended, so that no stamp lies in the future."""
    lasts = options["lasts"]
    if not 1 <= lasts <= LONGEST:
        raise ValueError(f"--lasts {lasts}: give 1 to {LONGEST}")
    ended = lasts + storms.ON_DELAY + storms.SPREAD if options["at_once"] else 0
    return Storm(
        int(time.time() - ended),
        lasts,
        storms.area(fleet, options["dark"]),
        not options["behind"],
        _share(options, "meters_share") or (1.0 if options["behind"] else 0.0),
    )


def _road(options: dict[str, Any]) -> Road:
    return Road(**{name: _share(options, name) for name, _ in SHARES})


def _share(options: dict[str, Any], name: str) -> float:
    share = float(options[name])
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"--{name.replace('_', '-')} {share}: give 0 to 1")
    return share


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise ValueError(f"--to {text}: give an IPv4 address") from None


def _port(number: int) -> int:
    if not 1 <= number <= 65_535:
        raise ValueError(f"--to-port {number}: give 1 to 65535")
    return number


def _source(options: dict[str, Any], number: int) -> str:
    """The address that the field listens on."""
    return SHARED_HOST if options["ports"] is not None else host(options["host_pattern"], number)
