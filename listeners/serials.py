"""Serials as datagrams carry them against serials as they were provisioned. Pure.

Datagrams have room for 15 characters, provisioning has 16: the longer form seems to have one more
zero in the running number, the digits at its end (research/field-protocols 4.1, *inferred*).
"""


def without_zeros(serial: str) -> str:
    """What both forms of a serial have in common; the inventory has an index by it."""
    return serial.replace("0", "")


def is_same(spoken: str, provisioned: str) -> bool:
    """Whether `spoken` is the other but for one zero of its running number."""
    if len(provisioned) != len(spoken) + 1:
        return False
    begin = len(provisioned.rstrip("0123456789"))
    return any(
        provisioned[place] == "0" and provisioned[:place] + provisioned[place + 1 :] == spoken
        for place in range(begin, len(provisioned))
    )
