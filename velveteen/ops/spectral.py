"""Operations / Spectral: the namespace `spectral`, at the top as well."""

import torch

from velveteen.errors import DtypeError
from velveteen.ops._operator import Float32, operator
from velveteen.tensors import dtype_name


@operator("Operations", "Spectral", namespace="spectral", method=True)
def fft(input):
    """Returns the discrete Fourier transform along the last dimension.

    Args:
        input: complex64 tensor of any shape.
    """
    return torch.fft.fft(_complex(input, "fft"))


@operator("Operations", "Spectral", namespace="spectral", method=True)
def ifft(input):
    """Returns the inverse discrete Fourier transform along the last dimension.

    Args:
        input: complex64 tensor of any shape.
    """
    return torch.fft.ifft(_complex(input, "ifft"))


@operator("Operations", "Spectral", namespace="spectral", method=True)
def rfft(input: Float32, fft_length: int | None = None):
    """Returns the discrete Fourier transform of real values along the last dimension.

    Args:
        input: float32 tensor of any shape.
        fft_length: how many values to transform; the input is cropped or padded with zeros at its end.

    Returns:
        complex64: the first `fft_length // 2 + 1` coefficients; the others are their conjugates.
    """
    return torch.fft.rfft(input, fft_length)


@operator("Operations", "Spectral", namespace="spectral", method=True)
def irfft(input):
    """Returns the real values whose `rfft` is the input.

    Args:
        input: complex64 of shape [..., n].

    Returns:
        float32 with 2 · (n - 1) values in a row (n of them where n is 1 or 2). As in TensorFlow.js, the result has rank 2,
        or 3 where the input has rank 3.
    """
    n = _complex(input, "irfft").shape[-1]
    values = torch.fft.irfft(input, 2 * (n - 1)) if n > 1 else input.real
    return values if input.dim() == 3 else values.reshape(-1, values.shape[-1])


def _complex(input: torch.Tensor, where: str) -> torch.Tensor:
    if not input.is_complex():
        raise DtypeError(
            f"spectral.{where}() expects complex64, got {dtype_name(input)}. Make it with complex(real, imag), or use rfft()."
        )
    return input
