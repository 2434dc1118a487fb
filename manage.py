#!/usr/bin/env python
"""Django's own entry point; ``hes`` (hes/cli.py) is the friendly one."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")
    execute_from_command_line(sys.argv)
