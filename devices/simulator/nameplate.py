"""What a meter's serial number says about it (prefixes by inference from 001 and 002, *assumed*).

`UAAEEDN` mono CERM1, `UCAUEDN` poly CERT1, `UGAUEDN` semi-direct CERS3; then `111` for a plain and
`112` for a bidirectional meter, and eight digits.
"""

PLAIN, BIDIRECTIONAL = "111", "112"
MODELS = {"UAAEEDN": "CERM1", "UCAUEDN": "CERT1", "UGAUEDN": "CERS3"}
MONO, POLY, SEMI_DIRECT = MODELS
FIRMWARE, HARDWARE = "11", "L01207"
SOFTWARE = "050116"  # of concentrators (001)
SIZE = 7


def model(serial: str) -> str:
    """The meter model's code."""
    return MODELS[serial[:SIZE]]


def is_poly(serial: str) -> bool:
    """True for a meter of three phases."""
    return serial[:SIZE] != MONO


def is_bidirectional(serial: str) -> bool:
    """True for the meter of a house that also injects."""
    return serial[SIZE : SIZE + 3] == BIDIRECTIONAL


def serial(prefix: str, kind: str, number: int) -> str:
    """The serial number of meter `number` (below 10**8)."""
    return f"{prefix}{kind}{number:08d}"
