"""What goes wrong between us and a client, in the words of AMQP."""


class AmqpError(Exception):
    """A fault that the peer is told: condition (AMQP 1.0, 2.8.15) and a sentence."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description


class DecodeError(AmqpError):
    """Bytes that are not AMQP 1.0."""

    def __init__(self, description: str) -> None:
        super().__init__("amqp:decode-error", description)


class EventHubFault(Exception):
    """The hub cannot run as asked; the message names place and cure."""
