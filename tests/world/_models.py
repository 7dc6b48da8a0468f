"""The models that packages on npm publish: which there are, what to ask them, and how far TensorFlow.js's answers are."""

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import velveteen as vt
from tests._javascript import run_node
from tests.graph_models._real_models import made_up
from tests.world import _upscaler_layers as _upscaler_layers  # registered by being defined
from tools import node

PACKAGES = Path(__file__).parent
PROGRAM = "import os\n\nfor name in os.environ:\n    print(name)\n"
TEXTS = [PROGRAM, "#include <stdio.h>\nint main(void) { return 0; }\n", "", "naïve 😀"]


class Published(NamedTuple):
    """A model in a package; package.json has the package's exact version.

    Attributes:
        package, path: where it is.
        kind: "layers" or "graph".
        feeds: what to give its one input: shapes of made-up numbers, or a list of texts.
        backend: of TensorFlow.js, which has not everything in all of them.
        tolerance: the largest difference that is fine, as part of the largest value.
        in_javascript: the folder holds modules of JavaScript instead of files.
        keep: TensorFlow.js gives tensors back that it still needs, unless it is told to keep all.
    """

    package: str
    path: str
    kind: str
    feeds: list[Any]
    backend: str = "wasm"
    tolerance: float = 1e-4
    in_javascript: bool = False
    keep: bool = False

    @property
    def name(self) -> str:
        return f"{self.package}/{self.path}"

    @property
    def version(self) -> str:
        """The package's exact version."""
        return str(json.loads((PACKAGES / "package.json").read_text())["dependencies"][self.package])


_PICTURES = [[1, 24, 20, 3], [2, 13, 17, 3]]
_SMALL_PICTURES = [[1, 12, 10, 3], [1, 7, 9, 3]]
_LEGACY = ("div2k/x2", "div2k/x3", "div2k/x4", "gans", "psnr-small")
_OLDEST = (
    "div2k/005-2x",
    "div2k/017-4x",
    "div2k/019-3x",
    "idealo/gans",
    "idealo/psnr-small-quant-uint8",
    "pixelator",
    "psnr-small-quant-uint8",
)

MODELS = [
    Published("@upscalerjs/default-model", "models", "layers", _PICTURES),
    *[Published("@upscalerjs/esrgan-slim", f"models/x{n}", "layers", _PICTURES) for n in (2, 3, 4, 8)],
    *[Published("@upscalerjs/esrgan-medium", f"models/x{n}", "layers", _PICTURES) for n in (2, 3, 4, 8)],
    *[Published("@upscalerjs/esrgan-thick", f"models/x{n}", "layers", _SMALL_PICTURES) for n in (2, 3, 4, 8)],
    *[Published("@upscalerjs/esrgan-legacy", f"models/{name}", "layers", _PICTURES) for name in _LEGACY],
    *[Published("@upscalerjs/models", f"models/{name}", "layers", _PICTURES) for name in _OLDEST],
    *[
        Published("nsfwjs", f"dist/models/{name}", kind, [[1, size, size, 3], [2, size, size, 3]], in_javascript=True)
        for name, kind, size in (
            ("mobilenet_v2", "layers", 224),
            ("mobilenet_v2_mid", "graph", 224),
            ("inception_v3", "layers", 299),
        )
    ],
    Published("@spotify/basic-pitch", "model", "graph", [[1, 43844, 1], [2, 43844, 1]], tolerance=1e-3),
    Published("@upscalerjs/maxim-denoising", "models", "graph", [[1, 64, 64, 3], [1, 64, 128, 3]]),
    Published(
        "@vscode/vscode-languagedetection", "model", "graph", [[text] for text in TEXTS], backend="cpu", keep=True
    ),
]


@functools.lru_cache
def packages_folder() -> Path | None:
    """Returns the folder of the packages, installed from npm (950 MB) if need be; None if they cannot be."""
    return PACKAGES / "node_modules" if node.install_packages(PACKAGES) else None


def unpacked(models: list[Published], folder: Path) -> dict[str, Path]:
    """Returns the `model.json` of each model, by the model's name; those in JavaScript are written into `folder`."""
    packages = packages_folder()
    assert packages is not None
    files = {model.name: packages / model.package / model.path / "model.json" for model in models}
    modules = {model.name: folder / f"unpacked{i}" for i, model in enumerate(models) if model.in_javascript}
    if modules:
        run_node(PACKAGES / "unpack.js", [[str(files[name].parent), str(modules[name])] for name in modules], folder)
    return files | {name: place / "model.json" for name, place in modules.items()}


def compare(model: Published, file: Path, folder: Path) -> tuple[float, list[str]]:
    """Loads and runs a model, saves it again if it is one of layers, and asks TensorFlow.js about both files.

    Returns:
        the largest difference to TensorFlow.js's answers, as part of the largest value (infinite where texts, shapes
        or dtypes differ), and the class names that TensorFlow.js finds in what was saved again.
    """
    load = vt.load_graph_model if model.kind == "graph" else vt.load_layers_model
    loaded = load(file)
    results = [_listed(loaded.predict(_tensor(feed))) for feed in model.feeds]
    files = [file]
    if model.kind == "layers":
        loaded.save(folder / "again")
        files.append(folder / "again" / "model.json")
    feeds = [[_described(feed)] for feed in model.feeds]
    request = [
        {"file": str(each), "kind": model.kind, "backend": model.backend, "keep": model.keep, "feeds": feeds}
        for each in files
    ]
    answers = run_node(PACKAGES / "run_models.js", request, folder)
    assert not [answer["error"] for answer in answers if "error" in answer]
    pairs = [
        pair
        for answer in answers
        for result, expected in zip(results, answer["outputs"], strict=True)
        for pair in zip(result, expected, strict=True)
    ]
    return max(difference(result, expected) for result, expected in pairs), answers[-1]["classes"]


def difference(result: vt.Tensor, expected: dict[str, Any]) -> float:
    """Returns the largest difference as part of the largest value."""
    if result.shape != expected["shape"] or result.dtype != expected["dtype"]:
        return float("inf")
    if result.dtype == "string":
        return 0.0 if list(result.data_sync()) == expected["values"] else float("inf")
    values = np.array(expected["values"], dtype=np.float64)
    scale = max(float(np.abs(values).max(initial=0)), 1e-30)
    return float(np.abs(result.data_sync() - values).max(initial=0)) / scale


def _listed(result: Any) -> list[vt.Tensor]:
    return result if isinstance(result, list) else [result]


def _tensor(feed: list[Any]) -> vt.Tensor:
    return vt.tensor(feed) if isinstance(feed[0], str) else made_up(feed, "float32")


def _described(feed: list[Any]) -> dict[str, Any]:
    if isinstance(feed[0], str):
        return {"shape": [len(feed)], "dtype": "string", "values": feed}
    return {"shape": feed, "dtype": "float32"}
