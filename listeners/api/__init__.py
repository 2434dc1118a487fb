"""REST for outages: thin views over `listeners.outage_store`."""
