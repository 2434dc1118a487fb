"""Copies of sealed files in a container, create-only: what is there is never changed."""
