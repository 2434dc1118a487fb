"""How long the Event Hub sink waits for what; tests are less patient."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    open: float = 30.0
    send: float = 30.0
    close: float = 0.5  # per link; what matters of it is done at once
    client_life: float = 86_400.0  # the SDK keeps something for every message
    first_pause: float = 0.25  # after a failure, doubled with each further one ...
    longest_pause: float = 60.0  # ... up to this
    refused_pause: float = 0.5  # between the tries of a message that is refused
    poll: float = 0.25  # between two looks for new blocks of all streams
    look: float = 5.0  # between two looks of a stream at itself
    spare: float = 1.0  # between two tries to own a stream
    routes: float = 10.0  # between two looks for new companies and settings
    ending: float = 10.0  # for passes under way when the service is asked to stop

    def pause(self, failures: int) -> float:
        """Back-off with full jitter."""
        longest = min(self.longest_pause, self.first_pause * 2.0 ** min(failures, 30))
        return random.uniform(longest / 10, longest)  # noqa: S311 - spreads, protects nothing
