"""What can be asked of an operator? By name, in the order in which people read them; known without importing torch."""

NAMES = ("forward", "gradient", "layout", "inplace", "out", "special_values", "rejects", "repeat", "random")
"""Each is a row in :data:`silicon_cts.sampling.aspects.ASPECTS`, which says how it is asked."""
