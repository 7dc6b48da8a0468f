"""Nodes on matrices, normalization, and Fourier transforms."""

from typing import Any

import torch

from velveteen import ops
from velveteen.graph_models.kinds._reading import axes, channels_first, integers, last_to_first, one
from velveteen.graph_models.kinds.convolution import fused_operations
from velveteen.graph_models.registry import Call, Function, kind, plain
from velveteen.ops import linalg, spectral

plain({"Softmax": ops.softmax, "LogSoftmax": ops.log_softmax})
plain({"FFT": spectral.fft, "IFFT": spectral.ifft})
plain({"Transpose": lambda x, order: ops.transpose(x, integers(order))}, numbers=(1,))
plain({"MatrixBandPart": lambda x, lower, upper: linalg.band_part(x, one(lower), one(upper))}, numbers=(1, 2))


@kind("MatMul", "BatchMatMul", "BatchMatMulV2")
def mat_mul(call: Call) -> Function:
    names = ("transpose_a", "transpose_b") if call.op == "MatMul" else ("adj_x", "adj_y")
    transpose_a, transpose_b = (call.attributes.boolean(name) for name in names)
    return lambda a, b: ops.mat_mul(a, b, transpose_a, transpose_b)


@kind("_FusedMatMul")
def fused_mat_mul(call: Call) -> Function:
    transpose_a, transpose_b = (call.attributes.boolean(name) for name in ("transpose_a", "transpose_b"))
    has_bias, activate = fused_operations(call)

    def compute(a: torch.Tensor, b: torch.Tensor, *extra: torch.Tensor) -> torch.Tensor:
        if not has_bias:
            return activate(ops.mat_mul(a, b, transpose_a, transpose_b), *extra)
        bias, *slopes = extra
        if a.dim() == b.dim() == 2 and bias.dim() <= 2:
            y = torch.addmm(bias, a.mT if transpose_a else a, b.mT if transpose_b else b)
        else:
            y = ops.mat_mul(a, b, transpose_a, transpose_b) + bias
        return activate(y, *slopes)

    return compute


@kind("Einsum")
def einsum(call: Call) -> Function:
    equation = call.attributes.text("equation")
    return lambda *tensors: ops.einsum(equation, *tensors)


@kind("EuclideanNorm", numbers=(1,))
def euclidean_norm(call: Call) -> Function:
    keep = call.attributes.boolean("keep_dims")
    return lambda x, axis: ops.euclidean_norm(x, axes(axis), keep)


@kind("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def fused_batch_norm(call: Call) -> Function:
    epsilon = call.attributes.number("epsilon", 0.001)

    def compute(x: Any, scale: Any, offset: Any, mean: Any, variance: Any) -> torch.Tensor:
        return ops.batch_norm(x, mean, variance, offset, scale, epsilon)

    return last_to_first(compute) if channels_first(call) else compute


@kind("LRN")
def local_response_normalization(call: Call) -> Function:
    read = call.attributes.number
    radius, bias, alpha, beta = read("depth_radius", 5), read("bias", 1.0), read("alpha", 1.0), read("beta", 0.5)
    return lambda x: ops.local_response_normalization(x, radius, bias, alpha, beta)


@kind("RFFT", numbers=(1,))
def rfft(call: Call) -> Function:
    return lambda x, length=None: spectral.rfft(x, None if length is None else int(one(length)))


@kind("IRFFT", numbers=(1,))
def irfft(call: Call) -> Function:
    return lambda x, length=None: spectral.irfft(x)
