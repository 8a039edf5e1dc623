"""Lets the tests import the modules of tools/train, which are run as scripts and not installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
