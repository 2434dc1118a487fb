"""How drivers hold a conversation: sockets, deadlines, byte cap, one exchange at a time."""
