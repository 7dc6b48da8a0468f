"""ONNX, which runtimes in C++, C#, phones and browsers compute: to write only."""

from pathlib import Path

from velveteen.errors import MissingFileError
from velveteen.io.artifacts import ModelArtifacts, SaveResult, get_model_artifacts_info_for_json
from velveteen.io.files import write_beside_then_rename
from velveteen.models import Model
from velveteen.models.onnx_content import onnx_bytes
from velveteen.models.saving import from_artifacts


class OnnxHandler:
    """Saves a model as an `.onnx` file.

    Args:
        path: the file.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def save(self, artifacts: ModelArtifacts) -> SaveResult:
        """Writes the model; see `write_onnx`."""
        write_onnx(from_artifacts(artifacts), self.path)
        return SaveResult(get_model_artifacts_info_for_json(artifacts))


def write_onnx(model: Model, path: Path) -> None:
    """Writes a model as ONNX, through `torch.onnx.export`.

    Inputs and outputs are those of the model: its names, float32 or int32, channels last, any batch size. The sizes of
    sequences and pictures must be known, since recurrent layers are written out step by step.

    Raises:
        MissingFileError: the packages that PyTorch needs to write ONNX are not installed, or the folder is not there.
        ArgumentError: a layer that PyTorch cannot write as ONNX.
    """
    if not path.parent.is_dir():
        raise MissingFileError(f"There is no folder {path.parent} to write {path.name} to. Make it first.")
    write_beside_then_rename(path, onnx_bytes(model))
