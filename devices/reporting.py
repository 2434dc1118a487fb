"""Where concentrators report by themselves: settings of the system, by the names of 000 3.1.

They say where the listener of this installation is reached, stand in the environment, and are shown
with every spontaneous profile, which cannot change them (000 3.2.1).
"""

from dataclasses import dataclass

from django.conf import settings

from devices.parameters import Parameters

NAMES = {
    "HES_SPONTANEOUS_ADDRESS": "IP of internal LB used for concentrator spontaneous messages",
    "HES_WAKE_UP_PORT": "Port to use for wakeup messages",
    "HES_LAST_GASP_PORT": "Port to use for last gasp messages",
}
"""Variable -> what the documents call it."""


@dataclass(frozen=True, slots=True)
class Reporting:
    """What concentrators are told; an empty address: nowhere yet."""

    address: str
    wake_up_port: int
    last_gasp_port: int

    @property
    def shown(self) -> dict[str, str]:
        """Variable -> its value as text."""
        values = self.address, str(self.wake_up_port), str(self.last_gasp_port)
        return dict(zip(NAMES, values, strict=True))


def of_the_system() -> Reporting:
    """As the environment names it."""
    return Reporting(settings.SPONTANEOUS_ADDRESS, settings.WAKE_UP_PORT, settings.LAST_GASP_PORT)


def of_company(parameters: Parameters) -> Reporting:
    """The system's, but at `listener_address` where a company's network reaches it by another."""
    system = of_the_system()
    own = parameters.text("listener_address")
    return Reporting(own or system.address, system.wake_up_port, system.last_gasp_port)
