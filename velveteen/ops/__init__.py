"""The operators, one file a family of TensorFlow.js's reference; image, linalg, … are namespaces of their own."""

# ruff: noqa: F401, F403
# mypy: disable-error-code="no-redef"
from velveteen.ops import fused, image, linalg, losses, math, methods, signal, sparse, spectral, string
from velveteen.ops.activation import *
from velveteen.ops.arithmetic import *
from velveteen.ops.basic_math import *
from velveteen.ops.convolution import *
from velveteen.ops.creation import *
from velveteen.ops.dilation import *
from velveteen.ops.dropout import *
from velveteen.ops.evaluation import *
from velveteen.ops.logical import *
from velveteen.ops.matrices import *
from velveteen.ops.normalization import *
from velveteen.ops.pooling import *
from velveteen.ops.random import *
from velveteen.ops.reduction import *
from velveteen.ops.rnn import *
from velveteen.ops.scan import *
from velveteen.ops.scattering import *
from velveteen.ops.signal import cosine_window
from velveteen.ops.slicing import *
from velveteen.ops.spectral import fft, ifft, irfft, rfft
from velveteen.ops.transformations import *
