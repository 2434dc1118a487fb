"""What devices said by themselves."""

from listeners.models.journal import Datagram

__all__ = ["Datagram"]
