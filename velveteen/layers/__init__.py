"""The layers, one file a family: `layers.dense(32, activation="relu")`."""

# ruff: noqa: F401, F403
from velveteen.layers._graph import SymbolicTensor
from velveteen.layers.advanced_activations import *
from velveteen.layers.attention import *
from velveteen.layers.base import Layer
from velveteen.layers.conv_lstm import *
from velveteen.layers.convolutional import *
from velveteen.layers.core import *
from velveteen.layers.depthwise import *
from velveteen.layers.embeddings import *
from velveteen.layers.gru import *
from velveteen.layers.lstm import *
from velveteen.layers.merge import *
from velveteen.layers.noise import *
from velveteen.layers.normalization import *
from velveteen.layers.padding import *
from velveteen.layers.pooling import *
from velveteen.layers.preprocessing import *
from velveteen.layers.recurrent import *
from velveteen.layers.recurrent_cells import *
from velveteen.layers.reshaping import *
from velveteen.layers.simple_rnn import *
from velveteen.layers.wrappers import *
