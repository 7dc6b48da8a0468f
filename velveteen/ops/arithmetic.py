"""Operations / Arithmetic: element-wise, with broadcasting."""

import torch

from velveteen.ops._operator import operator


@operator("Operations", "Arithmetic", method=True)
def squared_difference(a, b):
    """Returns `(a - b) * (a - b)` element-wise, with broadcasting.

    Args:
        a: tensor of any shape.
        b: tensor broadcastable with `a`.
    """
    difference = a - b
    return difference * difference
