"""TensorFlow.js's files, and everything else that a model can be loaded from or saved to."""

from velveteen.io.artifacts import (
    ModelArtifacts,
    ModelArtifactsInfo,
    SaveResult,
    get_model_artifacts_info_for_json,
)
from velveteen.io.folders import folder
from velveteen.io.handlers import (
    from_memory,
    get_load_handlers,
    get_save_handlers,
    register_load_router,
    register_save_router,
    with_save_handler,
)
from velveteen.io.loading import load_weights
from velveteen.io.management import copy_model, list_models, move_model, remove_model
from velveteen.io.web import http_handler as http
from velveteen.io.weights import EncodedWeights, NamedTensor, decode_weights, encode_weights, get_weight_specs

from_memory_sync = from_memory
with_save_handler_sync = with_save_handler

__all__ = [
    "EncodedWeights",
    "ModelArtifacts",
    "ModelArtifactsInfo",
    "NamedTensor",
    "SaveResult",
    "copy_model",
    "decode_weights",
    "encode_weights",
    "folder",
    "from_memory",
    "from_memory_sync",
    "get_load_handlers",
    "get_model_artifacts_info_for_json",
    "get_save_handlers",
    "get_weight_specs",
    "http",
    "list_models",
    "load_weights",
    "move_model",
    "register_load_router",
    "register_save_router",
    "remove_model",
    "with_save_handler",
    "with_save_handler_sync",
]
