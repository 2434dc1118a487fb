"""Chance without state: the same seed and name give the same draw, on every machine."""

from hashlib import blake2b, shake_128


def whole(seed: int, *name: object, below: int) -> int:
    """A number 0 <= n < below."""
    return _number(seed, name) % below


def fraction(seed: int, *name: object) -> float:
    """A number 0 <= x < 1."""
    return _number(seed, name) / 2**64


def octets(size: int, seed: int, *name: object) -> bytes:
    """`size` bytes."""
    return shake_128(_text(seed, name)).digest(size)


def _number(seed: int, name: tuple[object, ...]) -> int:
    return int.from_bytes(blake2b(_text(seed, name), digest_size=8).digest(), "big")


def _text(seed: int, name: tuple[object, ...]) -> bytes:
    return "|".join(map(str, (seed, *name))).encode()
