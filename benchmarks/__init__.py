"""The promises of the design, measured against their limits: `make bench`."""
