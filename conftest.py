"""Pins what would make two runs differ. silicon-cts' pytest plugin is loaded through its entry point."""

import os

os.environ.setdefault("PYTHONHASHSEED", "0")
os.environ["PYTORCH_ENABLE_MPS_FALLBACK"] = "0"  # an operator that MPS lacks is to be seen, not computed on the CPU
