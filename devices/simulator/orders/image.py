"""Image transfer: initiate, blocks, verify, activate (class 18); the version that is shown."""

from devices.protocol import expect
from devices.protocol.axdr import U32, BitString, Data, Enum
from devices.protocol.errors import DataAccess
from devices.simulator.changes import NO_EFFECT, Outcome
from devices.simulator.images import ImageSlot
from devices.simulator.objects import DATA, ObjectTree

IMAGE, NAME = 18, "0.0.44.0.0"
METER_VERSION, CONCENTRATOR_VERSION = "1.0.0.2.0", "0.0.0.2.0"
LARGEST = 64 * 1024 * 1024


def install(tree: ObjectTree, slot: ImageSlot, version_name: str) -> None:
    """`version_name` is the object that shows the version."""
    store = slot.store
    tree.value(DATA, version_name, 2, lambda: slot.version().encode())
    for index, read in (
        (2, lambda: U32(store.block_size)),
        (3, lambda: _bits(slot)),
        (4, lambda: U32(store.missing)),
        (5, lambda: store.is_enabled),
        (6, lambda: Enum(store.shown())),
        (7, lambda: [(U32(store.size), store.identifier, b"")] if store.identifier else []),
    ):
        tree.value(IMAGE, NAME, index, read)
    tree.change(IMAGE, NAME, 5, lambda value: _enable(slot, value))
    tree.method(IMAGE, NAME, 1, lambda value: _initiate(slot, value))
    tree.method(IMAGE, NAME, 2, lambda value: _block(slot, value))
    tree.method(IMAGE, NAME, 3, lambda _: _verify(slot))
    tree.method(IMAGE, NAME, 4, lambda _: _activate(slot))


def _bits(slot: ImageSlot) -> Data:
    blocks, count = slot.store.blocks, slot.store.count
    return BitString("".join("01"[number in blocks] for number in range(count)))


def _enable(slot: ImageSlot, value: Data) -> DataAccess:
    slot.store.is_enabled = expect.boolean(value, "image transfer enabled")
    return DataAccess.SUCCESS


def _initiate(slot: ImageSlot, value: Data) -> Outcome:
    identifier, size = expect.structure(value, "image", 2)
    wanted = expect.integer(size, "image size")
    if not slot.store.is_enabled or not 0 < wanted <= LARGEST:
        return DataAccess.READ_WRITE_DENIED
    slot.store.initiate(expect.octets(identifier, "image identifier"), wanted)
    return DataAccess.SUCCESS


def _block(slot: ImageSlot, value: Data) -> Outcome:
    """A block that is there already is a success without effect."""
    named, raw = expect.structure(value, "block", 2)
    number, block = expect.integer(named, "block number"), expect.octets(raw, "block")
    if not slot.store.takes(number, len(block)):
        return DataAccess.OBJECT_UNAVAILABLE
    if number in slot.store.blocks:
        return NO_EFFECT
    kept = slot.bend(slot.store, number, block)
    if kept is None:
        return NO_EFFECT
    slot.store.blocks[number] = kept
    return DataAccess.SUCCESS


def _verify(slot: ImageSlot) -> Outcome:
    return DataAccess.SUCCESS if slot.store.verify() else DataAccess.READ_WRITE_DENIED


def _activate(slot: ImageSlot) -> Outcome:
    version = slot.store.activate()
    if version is None:
        return DataAccess.READ_WRITE_DENIED
    slot.run(version)
    return DataAccess.SUCCESS
