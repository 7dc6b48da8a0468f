"""A model as the content of an ONNX file."""

import logging
import re
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from velveteen.errors import ArgumentError, MissingFileError, VelveteenError
from velveteen.tensors import TORCH_DTYPES

_EXAMPLES = 2  # one example would be taken for an axis that can be left out


class _ByPosition(torch.nn.Module):
    """The model as PyTorch's exporter wants it: tensors in, a tuple out."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        results = self.model(list(inputs) if len(inputs) > 1 else inputs[0])
        return tuple(results) if isinstance(results, list) else (results,)


def onnx_bytes(model: Any) -> bytes:
    """Returns a model as the content of an `.onnx` file; see `formats.onnx.write_onnx`."""
    try:
        import onnxscript  # noqa: F401  # PyTorch's exporter is written in it
    except ImportError as error:
        raise MissingFileError(
            'Writing ONNX needs packages that are not installed. Install them with pip install "velveteen[onnx]".'
        ) from error
    examples = tuple(_example(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs)
    input_names = _unique(_input_names(model))
    # Converters look at the whole process's log; their warnings are about packages that this model does not need.
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            file = Path(folder) / "model.onnx"
            torch.onnx.export(
                _ByPosition(model).eval(),
                examples,
                str(file),
                dynamo=True,
                verbose=False,
                external_data=False,
                input_names=input_names,
                output_names=_unique(model.output_names, taken=input_names),
                dynamic_shapes=(tuple({0: torch.export.Dim.DYNAMIC} for _ in examples),),
            )
            return file.read_bytes()
    except VelveteenError:
        raise
    except Exception as error:
        raise ArgumentError(
            f'Model "{model.name}" cannot be written as ONNX: {type(error).__name__}: {error!s:.300}. '
            "Layers that are stateful, or that ONNX has no operators for, cannot be exported."
        ) from error
    finally:
        logger.setLevel(level)


def _input_names(model: Any) -> list[str]:
    """Returns the inputs' names; a sequential model's is "input" where only a running number would tell it from others."""
    if model.class_name != "Sequential":
        return list(model.input_names)
    return ["input" if re.fullmatch(r"input_layer(_\d+)?", name) else name for name in model.input_names]


def _example(shape: Sequence[int | None], dtype: str, name: str) -> torch.Tensor:
    if None in shape[1:]:
        raise ArgumentError(
            f'Input "{name}" has the shape {list(shape)}, but ONNX needs all sizes except for the batch. '
            "Build the model with fixed sizes, and give it these weights with set_weights()."
        )
    return torch.zeros([_EXAMPLES, *(size for size in shape[1:] if size is not None)], dtype=TORCH_DTYPES[dtype])


def _unique(names: list[str], taken: Sequence[str] = ()) -> list[str]:
    """Returns names that are all different: ONNX cannot have an output called as an input, or two of one name."""
    found: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in found or candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        found.append(candidate)
    return found
