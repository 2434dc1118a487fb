"""What an order asks of the concentrator itself (companion profile 3.1, 3.4)."""

import ipaddress

from devices.drivers.cosem import objects
from devices.drivers.cosem.duties_entries import ENTRY_DUTIES
from devices.drivers.cosem.duties_image import IMAGE_DUTIES
from devices.drivers.cosem.keys import CONCENTRATOR_KEYS
from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.cosem.scripted import CONCENTRATOR_STEPS
from devices.drivers.cosem.text import text
from devices.drivers.cosem.upkeep import UPKEEP
from devices.drivers.duties import (
    Firmware,
    Job,
    Post,
    ReadFirmware,
    ReadJobs,
    ReadSpontaneous,
    SetSpontaneous,
    Spontaneous,
)
from devices.protocol import expect
from devices.protocol.axdr import U16, U64, Data
from devices.protocol.objects import DataObject

ADDRESS_SIZE = 4


async def _jobs(peer: Peer, _: ReadJobs) -> tuple[Job, ...]:
    listed = await peer.get(objects.JOBS)
    return tuple(map(_job, expect.array(listed, "jobs")))


def _job(value: Data) -> Job:
    job, command, mac, state, code, _finished = expect.structure(value, "job", 6)
    return Job(
        expect.integer(job, "job"),
        expect.integer(command, "job command"),
        expect.octets(mac, "job MAC"),
        expect.integer(state, "job state"),
        expect.integer(code, "job code"),
    )


async def _post(peer: Peer, duty: Post) -> None:
    """Accepted and listed; a job number that is already listed is a success without a run."""
    mailbox = DataObject.at(f"0.0.96.54.{duty.command}").attribute(DataObject.VALUE)
    job = U64(duty.job)
    await peer.set_once(mailbox, (job, duty.mac) if duty.mac else (job,))


async def _spontaneous(peer: Peer, _: ReadSpontaneous) -> Spontaneous:
    parts = expect.structure(await peer.get(objects.SPONTANEOUS), "spontaneous profile", 7)
    wake_up, address, port, period, last_gasp, meter_last_gasp, last_gasp_port = parts
    raw = expect.octets(address, "address", ADDRESS_SIZE)
    return Spontaneous(
        wake_up=expect.boolean(wake_up, "wake-up"),
        address=str(ipaddress.IPv4Address(raw)),
        wake_up_port=expect.integer(port, "wake-up port"),
        period=expect.integer(period, "wake-up period"),
        last_gasp=expect.boolean(last_gasp, "last gasp"),
        meter_last_gasp=expect.boolean(meter_last_gasp, "last gasp of meters"),
        last_gasp_port=expect.integer(last_gasp_port, "last gasp port"),
    )


async def _set_spontaneous(peer: Peer, duty: SetSpontaneous) -> None:
    wanted = duty.profile
    address = ipaddress.IPv4Address(wanted.address).packed
    ports = U16(wanted.wake_up_port), U16(wanted.period)
    gasps = wanted.last_gasp, wanted.meter_last_gasp, U16(wanted.last_gasp_port)
    await peer.set_once(objects.SPONTANEOUS, (wanted.wake_up, address, *ports, *gasps))


async def _firmware(peer: Peer, _: ReadFirmware) -> Firmware:
    version, number = await peer.get_many((objects.SOFTWARE_VERSION, objects.SOFTWARE_NUMBER))
    shown = text(expect.octets(version, "software version"))
    return Firmware(shown, expect.integer(number, "software number"))


CONCENTRATOR_DUTIES: Duties = {
    ReadJobs: _jobs,
    Post: _post,
    ReadSpontaneous: _spontaneous,
    SetSpontaneous: _set_spontaneous,
    **UPKEEP,
    **CONCENTRATOR_STEPS,
    **CONCENTRATOR_KEYS,
    **ENTRY_DUTIES,
    ReadFirmware: _firmware,
    **IMAGE_DUTIES,
}
