"""Inventory, the conversation with devices, and what devices last said."""
