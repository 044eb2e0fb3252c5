"""The modules of PyTorch's ``module_db``, forward and backward, in training and in evaluation mode, as calls.

They are many and alike, and made of operators that are asked by themselves: at the budget ``quick`` few calls of each.
"""

QUICK_DTYPES = frozenset({"float32"})
QUICK_SAMPLES = 2
"""Most calls of a module in one mode, the first and the last of those that ``module_db`` lists."""
