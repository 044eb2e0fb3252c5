"""Does the converter say that it does not do something, or did it fail?"""

from __future__ import annotations

import re

from silicon_cts.backends import outcome
from silicon_cts.backends.outcome import Outcome

_REFUSAL = re.compile(
    r"unsupported|not (yet |currently )?(supported|implemented|allowed)|does not support|do not support|only support"
    r"|must be (a )?const|not be dynamic|with dynamic \w+ does|unable to handle|support for|no conversion"
    r"|can only be (of )?|cannot be (converted|used)|cannot handle|doesn't support|supported only|should be one of"
    r"|must be non-negative|must be greater than|expects .* of dtype from type domain",
    re.IGNORECASE | re.DOTALL,
)
"""How the converter says that it does not do something."""
_CONSTANTS = re.compile(r"must be (a )?const|dynamic weights?|must be known at compile|compile.time", re.IGNORECASE)
"""How it says that it wants a weight to be a constant, as the weights of a deployed model are."""


def is_refusal(error: BaseException) -> bool:
    """Whether the converter or torch's tracing says that it does not do this."""
    from silicon_cts.backends.program import cannot_trace

    if isinstance(error, NotImplementedError) or cannot_trace(error):
        return True
    return _REFUSAL.search(str(error)) is not None


def wants_constants(words: str) -> bool:
    """Whether a refusal may go away when all tensors but the first are constants of the program."""
    return _CONSTANTS.search(words) is not None


def failure(error: BaseException, stage: str) -> Outcome:
    """The outcome that an exception is: a refusal, or an exception that is none."""
    made = outcome.refusal if is_refusal(error) else outcome.exception
    return made(outcome.one_line(error), stage)
