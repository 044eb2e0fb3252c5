"""silicon-cts: the conformance test suite for PyTorch on Apple silicon.

Importing this package imports neither torch nor any backend's own package: those cost seconds, and a machine that
lacks one of them must still be able to say so.
"""

__version__ = "0.1.0"
