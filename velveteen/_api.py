"""Everything that `import velveteen as vt` offers, at TensorFlow.js's places in snake_case."""

# ruff: noqa: F401, F403
from velveteen import constraints, data, formats, initializers, io, layers, regularizers, serialization, util
from velveteen._memory import (
    dispose,
    dispose_variables,
    enable_debug_mode,
    enable_prod_mode,
    keep,
    memory,
    profile,
    tidy,
    time,
)
from velveteen.backend import get_backend, set_backend, set_random_seed
from velveteen.buffers import TensorBuffer
from velveteen.environment import env, next_frame, ready
from velveteen.errors import VelveteenError
from velveteen.gradients import custom_grad, grad, grads, value_and_grad, value_and_grads, variable_grads
from velveteen.graph_models import GraphModel, deregister_op, load_graph_model, register_op
from velveteen.layers import SymbolicTensor, input
from velveteen.models import LayersModel, Model, Sequential, model, sequential
from velveteen.models.decoding import beam_search
from velveteen.models.saving import load_layers_model
from velveteen.models.tiling import predict_tiles
from velveteen.ops import *
from velveteen.serialization import register_class, register_function
from velveteen.tensors import Tensor
from velveteen.training import callbacks, metrics
from velveteen.training import optimizers as train
from velveteen.training.callbacks import Callback, EarlyStopping, History
from velveteen.variables import Variable

# The families of operators are files to read, not places to call: `vt.add`, not `vt.arithmetic.add`.
del activation, arithmetic, basic_math, convolution, creation, dilation, evaluation  # type: ignore[name-defined]  # noqa: F821
del logical, matrices, methods, normalization, pooling, random, reduction, rnn  # type: ignore[name-defined]  # noqa: F821
del scan, scattering, slicing, transformations  # type: ignore[name-defined]  # noqa: F821
