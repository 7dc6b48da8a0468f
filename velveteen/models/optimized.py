"""A model made fast for predicting: several ways to compute it are tried, and the fastest that answers the same is kept."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch

from velveteen import backend
from velveteen.errors import ArgumentError, MissingFileError, ShapeError, VelveteenError
from velveteen.layers.embeddings import Embedding
from velveteen.layers.recurrent import _RecurrentLayer
from velveteen.layers.wrappers import Wrapper
from velveteen.models.freezing import fold_batch_normalization, frozen_copy
from velveteen.models.onnx_content import onnx_bytes
from velveteen.models.quantized import quantized
from velveteen.tensors import TORCH_DTYPES, Tensor
from velveteen.training.arrays import predict_inputs
from velveteen.training.loop import _inference_mode

_PRECISIONS = ("auto", "float32", "bfloat16", "int8")
_INEXACT = ("bfloat16", "int8")
_ROUNDING = 1e-4  # by how much float32 answers may differ, as part of the largest: sums in another order
_WORTH = 0.95  # a way must take at most this part of the plain one's time, so that noise decides nothing

Program = Callable[[list[torch.Tensor]], list[torch.Tensor]]


class Way(NamedTuple):
    """One way to compute a model, and what came of trying it."""

    runtime: str
    precision: str
    milliseconds: float | None
    """Median for the example; None where it was not measured."""
    difference: float | None
    """The largest from the model's own answers, as part of the largest answer."""
    note: str
    """"chosen", or why not."""


class Report(list[Way]):
    """The ways that were tried; printed as a table."""

    @property
    def chosen(self) -> Way:
        return next(way for way in self if way.note == "chosen")

    def __str__(self) -> str:
        rows = [("runtime", "precision", "ms", "difference", "")]
        for way in self:
            milliseconds = "" if way.milliseconds is None else f"{way.milliseconds:.3f}"
            difference = "" if way.difference is None else f"{way.difference:.0e}"
            rows.append((way.runtime, way.precision, milliseconds, difference, way.note))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
            for row in rows
        )


class OptimizedModel:
    """What `model.optimize()` returns: it predicts, with the weights that the model had then.

    Attributes:
        report: the ways to compute the model that were tried, and which was chosen.
    """

    def __init__(self, model: Any, program: Program, report: Report):
        self._model = model
        self._program = program
        self.report = report
        self.inputs = model.inputs
        self.outputs = model.outputs

    def predict(self, x: Any, batch_size: int = 32) -> Any:
        """Computes the outputs, as `Model.predict`."""
        inputs = predict_inputs(self._model, x)
        count = inputs[0].shape[0]
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ArgumentError(f"batch_size must be a positive integer, got {batch_size!r}.")
        with torch.no_grad():
            if count <= batch_size:
                outputs = self._program(inputs)
            else:
                parts = [
                    self._program([tensor[start : start + batch_size] for tensor in inputs])
                    for start in range(0, count, batch_size)
                ]
                outputs = [torch.cat(column) for column in zip(*parts, strict=True)]
        tensors = [Tensor.wrap(output) for output in outputs]
        return tensors[0] if len(tensors) == 1 else tensors


def optimize(model: Any, example: Any, precision: str, tolerance: float, seconds: float) -> OptimizedModel:
    """Returns the model made fast (see Model.optimize)."""
    if precision not in _PRECISIONS:
        raise ArgumentError(f"precision must be one of {', '.join(_PRECISIONS)}, got {precision!r:.100}.")
    if model.stateful:
        raise ArgumentError(
            f'Model "{model.name}" is stateful. Use model.stepper(), which leaves the state to you, or predict().'
        )
    inputs = predict_inputs(model, example) if example is not None else _made_up(model)
    with torch.no_grad(), _inference_mode(model):
        expected = model.graph.run(inputs)
    makers: list[tuple[str, str, Callable[[Any], Program]]] = [
        ("PyTorch", "float32", _in_float32),
        ("onnxruntime", "float32", _in_onnxruntime),
        ("PyTorch", "bfloat16", _in_bfloat16),
        ("onnxruntime", "int8", lambda model: _in_int8(model, inputs)),
    ]
    ways: list[Way] = []
    programs: dict[int, Program] = {}
    for runtime, kind, make in makers:
        if precision not in ("auto", kind):
            ways.append(Way(runtime, kind, None, None, f"not tried: the precision is to be {precision}"))
        elif kind in _INEXACT and precision == "auto" and example is None:
            ways.append(Way(runtime, kind, None, None, "not tried: only an example shows whether it is exact enough"))
        else:
            program, way = _try(runtime, kind, make, model, inputs, expected, tolerance)
            if program is not None:
                programs[len(ways)] = program
            ways.append(way)
    if not programs:
        told = "; ".join(f"{way.runtime}: {way.note}" for way in ways if way.precision == precision)
        raise ArgumentError(
            f'Model "{model.name}" cannot be computed in {precision}. {told}. Raise the tolerance, or use "auto".'
        )
    times = _measure(programs, inputs, seconds)
    first = min(programs)
    best = min(programs, key=lambda place: times[place] * (_WORTH if place == first else 1))
    for place in programs:
        note = "chosen" if place == best else "not faster"
        ways[place] = ways[place]._replace(milliseconds=times[place], note=note)
    return OptimizedModel(model, programs[best], Report(ways))


def _try(
    runtime: str,
    precision: str,
    make: Callable[[Any], Program],
    model: Any,
    inputs: list[torch.Tensor],
    expected: list[torch.Tensor],
    tolerance: float,
) -> tuple[Program | None, Way]:
    """Returns a way to compute the model, or None with the reason why it cannot be taken."""
    try:
        program = make(model)
        with torch.no_grad():
            results = program(inputs)
    except (ImportError, MissingFileError):
        return None, Way(runtime, precision, None, None, 'not installed: pip install "velveteen[inference]"')
    except (VelveteenError, RuntimeError, TypeError, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        return None, Way(runtime, precision, None, None, f"cannot: {lines[0]:.150}")
    difference = max(_difference(result, wanted) for result, wanted in zip(results, expected, strict=True))
    allowed = _ROUNDING if precision == "float32" else tolerance
    if not difference <= allowed:  # also where it is not a number
        return None, Way(runtime, precision, None, difference, f"too inexact: {difference:.0e} is above {allowed:.0e}")
    return program, Way(runtime, precision, None, difference, "")


def _difference(result: torch.Tensor, expected: torch.Tensor) -> float:
    if result.shape != expected.shape:
        return math.inf
    scale = expected.abs().max().clamp(min=1e-30)
    return float((result.float() - expected.float()).abs().max() / scale)


def _measure(programs: Mapping[int, Program], inputs: list[torch.Tensor], seconds: float) -> dict[int, float]:
    """Returns each program's median milliseconds; they take turns, so that a slow moment slows all of them."""
    times: dict[int, list[float]] = {place: [] for place in programs}
    end = time.perf_counter() + seconds
    with torch.no_grad():
        while len(next(iter(times.values()))) < 3 or time.perf_counter() < end:
            for place, program in programs.items():
                start = time.perf_counter()
                results = program(inputs)
                results[0].flatten()[:1].tolist()  # waits for the device
                times[place].append(1000 * (time.perf_counter() - start))
    return {place: statistics.median(found) for place, found in times.items()}


def _made_up(model: Any) -> list[torch.Tensor]:
    """Returns an example for a model whose sizes are known: random numbers, or zeros for integers."""
    made = []
    for tensor in model.inputs:
        if None in tensor.shape[1:]:
            raise ShapeError(
                f'Input "{tensor.name}" takes examples of any size, {tensor.shape}, so give one to measure with: '
                "model.optimize(example)."
            )
        dtype = TORCH_DTYPES[tensor.dtype]
        random = torch.rand(1, *tensor.shape[1:], generator=torch.Generator().manual_seed(0))
        made.append((random if dtype.is_floating_point else torch.zeros_like(random)).to(backend.device(), dtype))
    return made


def _in_float32(model: Any) -> Program:
    frozen = frozen_copy(model)
    fold_batch_normalization(frozen)
    return frozen.graph.run


def _in_bfloat16(model: Any) -> Program:
    frozen = frozen_copy(model)
    fold_batch_normalization(frozen)
    graph = frozen.to(torch.bfloat16).graph
    embedded = {slot for step in graph.steps if isinstance(step.layer, Embedding) for slot in step.inputs}

    def program(inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        # Places in an embedding's table that come as floats are no measurements: bfloat16 has no 257.
        cast = [
            x.to(torch.bfloat16) if x.is_floating_point() and slot not in embedded else x
            for slot, x in enumerate(inputs)
        ]
        return [output.float() if output.is_floating_point() else output for output in graph.run(cast)]

    return program


def _in_onnxruntime(model: Any) -> Program:
    return _run_by(model, _session(_folded_onnx(model)))


def _in_int8(model: Any, inputs: list[torch.Tensor]) -> Program:
    """Weights and activations as 8-bit integers; the example shows which range each activation has."""
    content = _folded_onnx(model)
    names = [each.name for each in _session(content).get_inputs()]
    return _run_by(model, _session(quantized(content, dict(zip(names, _arrays(_dtypes(model), inputs), strict=True)))))


def _folded_onnx(model: Any) -> bytes:
    import onnxruntime  # noqa: F401  # without it there is nothing to write the file for

    if backend.get_backend() != "cpu":
        raise ArgumentError("it is used on the CPU only")
    frozen = frozen_copy(model)
    if any(isinstance(layer, _RecurrentLayer | Wrapper) for layer in frozen.modules()):
        raise ArgumentError("recurrent layers would be written out step by step, which is large and slow")
    fold_batch_normalization(frozen)
    return onnx_bytes(frozen)


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _run_by(model: Any, session: Any) -> Program:
    names = [each.name for each in session.get_inputs()]
    dtypes = _dtypes(model)

    def program(inputs: list[torch.Tensor]) -> list[torch.Tensor]:
        given = dict(zip(names, _arrays(dtypes, inputs), strict=True))
        return [torch.from_numpy(result) for result in session.run(None, given)]

    return program


def _dtypes(model: Any) -> list[torch.dtype]:
    return [TORCH_DTYPES[tensor.dtype] for tensor in model.inputs]


def _arrays(dtypes: list[torch.dtype], inputs: list[torch.Tensor]) -> list[Any]:
    return [x.to(dtype).numpy() for x, dtype in zip(inputs, dtypes, strict=True)]
