"""The simulated field: concentrators and meters that speak the companion profile.

What a device measured is a pure function of (seed, serial, instant); only deviations are held in
memory: clock drift, written objects, counters, faults. Nothing here knows Django or the database.
"""
