"""A model from a file that does not say in its name whether it holds layers or a graph."""

from typing import Any

from velveteen.graph_models import GraphModel
from velveteen.io.handlers import find_load_handler
from velveteen.models import Model
from velveteen.models.saving import from_artifacts


def load_either(source: Any) -> Model | GraphModel:
    """Loads what `load_layers_model` or `load_graph_model` would, whichever fits.

    Raises:
        MissingFileError, FileFormatError, UnknownNameError, ShapeError: as those do.
    """
    artifacts = find_load_handler(source).load()
    topology = artifacts.model_topology
    if isinstance(topology, dict) and "node" in topology:
        return GraphModel(artifacts)
    return from_artifacts(artifacts)
