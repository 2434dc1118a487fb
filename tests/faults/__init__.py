"""`python -m tests.faults`: harms real processes, then checks what must be true.

Not collected by pytest; a short course of the same scenarios is run by
tests/flows/test_orders_under_faults.py. What is injected and seen: docs/faults.md.
"""
