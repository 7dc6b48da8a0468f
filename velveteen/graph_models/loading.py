"""From a file to a GraphModel."""

from typing import Any

from velveteen.errors import ArgumentTypeError, FileFormatError
from velveteen.graph_models.model import GraphModel
from velveteen.io.handlers import find_load_handler


def load_graph_model(source: Any, *, from_tf_hub: bool = False, **options: Any) -> GraphModel:
    """Loads a model that TensorFlow.js's converter made of a SavedModel, a frozen graph or a TensorFlow Hub module.

    Args:
        source: a folder, the path of a `model.json`, an address (`http://`, `https://`, `file://`), or a handler of
            `velveteen.io`.
        from_tf_hub: whether `source` is the address of a module on TensorFlow Hub.
        options: for an http(s) address those of `io.http`, such as `on_progress`.

    Returns:
        The model. Its nodes are only looked up when they are needed for an output.

    Raises:
        MissingFileError: a file is not there.
        FileFormatError: a file is damaged, truncated, hostile or of another format.
    """
    if from_tf_hub:
        if not isinstance(source, str):
            raise ArgumentTypeError(f"from_tf_hub needs the address of a module, got {type(source).__name__}.")
        source = source.rstrip("/") + "/model.json?tfjs-format=file"
    artifacts = find_load_handler(source, **options).load()
    topology = artifacts.model_topology
    is_graph = isinstance(topology, dict) and "node" in topology
    if artifacts.format == "layers-model" or (not is_graph and artifacts.format != "graph-model"):
        raise FileFormatError(
            "The file holds no graph model. A layers model is loaded with load_layers_model(); anything else is damaged or "
            "of another format."
        )
    return GraphModel(artifacts)
