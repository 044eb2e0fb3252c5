"""What can be asked of an operator? By name, in the order in which people read them; known without importing torch."""

NAMES = ("forward", "gradient", "layout", "inplace", "out", "special_values", "rejects", "repeat", "random", "flexible")
"""Each is a row in :data:`silicon_cts.sampling.aspects.ASPECTS`, which says how it is asked."""
EAGER = NAMES[:-1]
"""What can be asked of a backend that runs a call as it is; the last is asked of programs of flexible shape."""
