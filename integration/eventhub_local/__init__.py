"""A local Event Hub: AMQP 1.0 as the official SDK speaks it, over a durable log on disk.

For development, the demo and tests. Standard library only. From the socket inwards:
`connection` (frames, sessions) - `session` (links) - `incoming` and `outgoing` (messages) -
`partition` (readers, epochs) - `log` (segments). Behaviour of the service that documents do not
tell is as the SDK 5.15.1 needs it and otherwise *assumed*.
"""
