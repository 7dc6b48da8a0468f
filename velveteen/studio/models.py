"""Models in the models folder: what they are made of, and their files for the browser."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

import velveteen as vt
from velveteen.errors import ArgumentError, MissingFileError
from velveteen.io.folders import FolderHandler
from velveteen.io.management import list_models
from velveteen.io.manifest import check_manifest, parse_json
from velveteen.models.summary import describe
from velveteen.studio.names import NAME

_BINS = 40
_PICTURES = (".png",)
_EXAMPLES = 4


class ModelsFolder:
    """A folder with a model in each of its folders.

    Args:
        folder: where it is; it is made when the first model is.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, name: str) -> Path:
        """Returns the folder of a model, whether it is there or not.

        Raises:
            ArgumentError: the name could lead elsewhere.
        """
        if not NAME.fullmatch(name):
            raise ArgumentError(
                f"A model's name has letters, digits, spaces, dots, dashes and underscores, and no dot or space at its end, got {name!r:.120}."
            )
        return self.folder / name

    def all(self) -> list[dict[str, Any]]:
        """Returns name, recipe, size, date, training and languages (of code, of a formatter) of each model, the newest first."""
        found = []
        for path, info in list_models(self.folder).items():
            name = Path(path).name
            if NAME.fullmatch(name):
                metadata = FolderHandler(path).load().user_defined_metadata or {}
                found.append(
                    {
                        "name": name,
                        "recipe": _text(metadata.get("recipe")),
                        "bytes": (info.weight_data_bytes or 0) + (info.model_topology_bytes or 0),
                        "saved": info.date_saved.timestamp(),
                        "training": metadata.get("training") if isinstance(metadata.get("training"), dict) else None,
                        "languages": _texts(metadata.get("languages")),
                    }
                )
        return sorted(found, key=lambda model: -model["saved"])

    def describe(self, name: str) -> dict[str, Any]:
        """Returns layers with shapes and parameters, each weight's distribution, the metadata, files and pictures.

        Raises:
            MissingFileError, FileFormatError: the model is not there or damaged.
        """
        model = self._load(name)
        weights = [{"name": w["name"], **_distribution(w["tensor"].numpy())} for w in model.get_named_weights()]
        return {**describe(model), "weights": weights, "files": self.files(name), "pictures": self.pictures(name)}

    def files(self, name: str) -> list[str]:
        """Returns the names of a model's own files: model.json and the shards that it names."""
        handler = FolderHandler(self.path(name))
        if not handler.file.is_file():
            raise MissingFileError(f"There is no model {name!r} in {self.folder}.")
        content = parse_json(handler.file.read_bytes(), str(handler.file))
        groups = check_manifest(content.get("weightsManifest") or [], str(handler.file))
        return ["model.json", *(path for group in groups for path in group.paths)]

    def file(self, name: str, file: str) -> Path:
        """Returns the path of one of a model's own files or pictures.

        Raises:
            MissingFileError: it has no such file.
        """
        if file not in self.files(name) and file not in self.pictures(name):
            raise MissingFileError(f"The model {name!r} has no file {file!r:.120}.")
        return self.path(name) / file

    def pictures(self, name: str) -> list[str]:
        """Returns the names of the pictures that the training has left beside the model."""
        folder = self.path(name)
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return [path.name for path in found if path.suffix in _PICTURES and path.is_file() and not path.is_symlink()]

    def zipped(self, name: str) -> bytes:
        """Returns a zip with the model's own files."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in self.files(name):
                archive.write(self.path(name) / file, f"{name}/{file}")
        return content.getvalue()

    def example(self, name: str, seed: int = 1) -> dict[str, Any]:
        """Returns random inputs and what the model makes of them here, to be compared with what the browser makes of them.

        Returns:
            {"inputs": […], "outputs": […]}, each a list of {"shape", "dtype", "values"} with the values flat.
        """
        model = self._load(name)
        random = np.random.default_rng(seed)
        inputs = [_random_input(tensor, random) for tensor in model.inputs]
        predicted = model.predict(inputs if len(inputs) > 1 else inputs[0])
        outputs = [tensor.numpy() for tensor in (predicted if isinstance(predicted, list) else [predicted])]
        return {"inputs": [_flat(array) for array in inputs], "outputs": [_flat(array) for array in outputs]}

    def remove(self, name: str) -> None:
        """Deletes a model, with the pictures and the page that its training left."""
        path = self.path(name)
        for picture in self.pictures(name):
            (path / picture).unlink(missing_ok=True)
        (path / "index.html").unlink(missing_ok=True)
        vt.io.remove_model(path)

    def _load(self, name: str) -> Any:
        path = self.path(name)
        if not (path / "model.json").is_file():
            raise MissingFileError(f"There is no model {name!r} in {self.folder}.")
        return vt.load_layers_model(path)


def _distribution(array: np.ndarray) -> dict[str, Any]:
    """Returns shape, extremes, mean, standard deviation and a histogram of a weight."""
    values = array.astype(np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        return {"shape": list(array.shape), "least": None, "most": None, "mean": None, "deviation": None, "counts": []}
    counts, _ = np.histogram(values, _BINS)
    return {
        "shape": list(array.shape),
        "least": float(values.min()),
        "most": float(values.max()),
        "mean": float(values.mean()),
        "deviation": float(values.std()),
        "counts": counts.tolist(),
    }


def _random_input(tensor: Any, random: np.random.Generator) -> np.ndarray:
    shape = [_EXAMPLES if place == 0 else (side or 32) for place, side in enumerate(tensor.shape)]
    batch = tensor.shape[0]
    if batch:
        shape[0] = batch
    if tensor.dtype == "int32":
        return random.integers(0, 2, shape).astype(np.int32)
    return random.random(shape, dtype=np.float32)


def _flat(array: np.ndarray) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": str(array.dtype), "values": array.ravel().tolist()}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
