"""Two beats and the engines plan the same slots at once, then no beat at all for a while."""

import sys

from devices.choices import Activity
from tests.faults.scenario import Size

FULL = Size(harms=3, orders=150, concentrators=20, meters=4, workers=2)
SHORT = Size(harms=1, orders=40, concentrators=4, meters=4, workers=2)
PERIOD = 5  # minutes between two slots of an activity
ACTIVITIES = (Activity.LOAD_PROFILE, Activity.CEDATA)
TOGETHER_SECONDS, ALONE_SECONDS = 20.0, 40.0
BEAT = (sys.executable, "-m", "tests.faults.beat")
