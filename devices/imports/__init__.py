"""The provisioning templates: one module each, one line each in `registry`."""
