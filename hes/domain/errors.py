"""The families of errors that are ours to explain; everything else is a bug and is never caught."""


class HesError(Exception):
    """An error with a sentence for the person who meets it."""


class BadValue(HesError):
    """A value that cannot be accepted: says which, and what to do about it."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem} - {advice}")
        self.problem = problem
        self.advice = advice


class IllegalMove(HesError):
    """A state change that the transition table does not know."""
