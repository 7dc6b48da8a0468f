"""The operators, one file a family of TensorFlow.js's reference."""

# ruff: noqa: F401, F403
from velveteen.ops import methods
from velveteen.ops.activation import *
from velveteen.ops.arithmetic import *
from velveteen.ops.basic_math import *
from velveteen.ops.creation import *
from velveteen.ops.evaluation import *
from velveteen.ops.logical import *
from velveteen.ops.matrices import *
from velveteen.ops.random import *
from velveteen.ops.reduction import *
from velveteen.ops.scan import *
from velveteen.ops.scattering import *
from velveteen.ops.slicing import *
from velveteen.ops.transformations import *
