"""How does a fault take the process down? As an accelerator does: last words on stderr, then a signal, or silence."""

import os
import signal
import sys
import time


def abort(last_words: str) -> None:
    """End the process as a failed assertion of a driver does (SIGABRT)."""
    _say(last_words)
    os.abort()


def segfault(last_words: str) -> None:
    """End the process as a bad memory access does (SIGSEGV)."""
    _say(last_words)
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(last_words: str, seconds: float = 3600.0) -> None:
    """Hold the call for so long that only a deadline outside of the process ends it."""
    _say(last_words)
    time.sleep(seconds)


def _say(last_words: str) -> None:
    print(last_words, file=sys.stderr, flush=True)
