"""Graph models: TensorFlow graphs in TensorFlow.js's format, run on PyTorch."""

from velveteen.graph_models.kinds import *  # noqa: F403  (registers them)
from velveteen.graph_models.loading import load_graph_model
from velveteen.graph_models.model import GraphModel
from velveteen.graph_models.registry import deregister_op, register_op

__all__ = ["GraphModel", "deregister_op", "load_graph_model", "register_op"]
