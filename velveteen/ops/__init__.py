"""The operators, one file a family of TensorFlow.js's reference."""

# ruff: noqa: F401, F403
from velveteen.ops.arithmetic import *
