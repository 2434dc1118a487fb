"""The demo's own error."""


class DemoError(Exception):
    """The demo cannot go on; the sentence says why and what to do."""
