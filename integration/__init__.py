"""The borders with other systems."""
