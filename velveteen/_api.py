"""Everything that `import velveteen as vt` offers, at TensorFlow.js's places in snake_case."""

# ruff: noqa: F401, F403
from velveteen.backend import get_backend, set_backend, set_random_seed
from velveteen.errors import VelveteenError
from velveteen.gradients import custom_grad, grad, grads, value_and_grad, value_and_grads, variable_grads
from velveteen.ops import *
from velveteen.tensors import Tensor, TensorBuffer, Variable
