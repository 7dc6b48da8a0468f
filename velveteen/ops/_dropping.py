"""Dropout where PyTorch's own is slow: on processors other than Intel's it draws a number in double precision a value.

There a pattern for a million values takes 10 ms, more than a matrix product of as many rows. Here each value takes 16 bits
of PyTorch's generator, and one instruction compares many of them: 1.5 ms.
"""

from functools import cache

import torch
import torch.nn.functional as F

from velveteen.ops._linear import vendor

_STEPS = 1 << 16
"""Different numbers of 16 bits: the rate is rounded to a part of so many, and values are scaled by what is kept then."""
_FEWEST = 1 << 12
"""Values below which the calls of Python cost what is gained."""


def dropout(x: torch.Tensor, rate: float) -> torch.Tensor:
    """Returns `x` with a random part of the values set to zero, the others scaled up, as `torch.nn.functional.dropout` does.

    Args:
        x: of any shape.
        rate: the part to drop, above 0 and below 1.
    """
    dropped = round(rate * _STEPS)
    # A rounded rate far from the one asked for would be noticed.
    if not x.is_cpu or x.numel() < _FEWEST or not 0.01 <= rate <= 0.99 or not _is_worthwhile() or _is_traced():
        return F.dropout(x, rate)
    ends = torch.iinfo(torch.int64)
    # Not random_(min, None), whose name in a recorded step would be a word of Python's, "from".
    drawn = torch.randint(ends.min, ends.max, (-(-x.numel() // 4),), device=x.device)
    kept = drawn.view(torch.int16)[: x.numel()] >= dropped - _STEPS // 2
    pattern = torch.empty_like(x)  # in the order of x's memory, whatever that is
    pattern.as_strided(kept.shape, (1,)).copy_(kept).mul_(_STEPS / (_STEPS - dropped))
    return x * pattern


@cache
def _is_worthwhile() -> bool:
    return vendor() != "GenuineIntel"  # for those PyTorch asks MKL, which is faster still


def _is_traced() -> bool:
    return torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()
