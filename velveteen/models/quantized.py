"""A model in float32 as an ONNX file made one that computes with 8-bit integers."""

import logging
import tempfile
from pathlib import Path

import numpy as np

from velveteen.errors import ArgumentError


def quantized(content: bytes, example: dict[str, np.ndarray]) -> bytes:
    """Returns the ONNX file of the model with weights of 8 bits a channel, and activations of 8 bits.

    The range of each activation is the one that it has on the example; what lies outside is cut off.

    Args:
        content: an ONNX file whose weights are float32.
        example: the inputs by name, as many examples as show what is usual.

    Raises:
        ImportError: onnxruntime or onnx is not installed.
        ArgumentError: onnxruntime cannot do it.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Once(CalibrationDataReader):
        """Gives the example, and nothing more."""

        def __init__(self) -> None:
            self._left = [example]

        def get_next(self) -> dict[str, np.ndarray] | None:
            return self._left.pop() if self._left else None

    # The quantizer gives hints for its own users through the whole process's log.
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            given, prepared, result = (Path(folder) / f"{name}.onnx" for name in ("given", "prepared", "result"))
            given.write_bytes(content)
            quant_pre_process(given, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                result,
                Once(),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            return result.read_bytes()
    except Exception as error:
        raise ArgumentError(f"it cannot be quantized: {type(error).__name__}: {error!s:.200}") from error
    finally:
        logger.setLevel(level)
