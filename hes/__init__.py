"""HES: an open head-end system for smart metering."""
