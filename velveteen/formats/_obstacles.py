"""What TensorFlow.js 4.22 cannot load or computes otherwise, told without asking it."""

from collections.abc import Iterator
from typing import Any

from velveteen.graph_models import GraphModel
from velveteen.graph_models.program import CONTROL_FLOW
from velveteen.graph_models.registry import KINDS
from velveteen.layers import InputLayer, Layer, SymbolicTensor
from velveteen.models import Model

# What TensorFlow.js 4.22 has registered.
_LAYERS = frozenset(
    [
        "InputLayer",
        "Model",
        "Functional",
        "Sequential",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "ThresholdedReLU",
        "Softmax",
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "SeparableConv2D",
        "DepthwiseConv2D",
        "Cropping2D",
        "UpSampling2D",
        "ZeroPadding2D",
        "RNN",
        "SimpleRNNCell",
        "SimpleRNN",
        "GRUCell",
        "GRU",
        "LSTMCell",
        "LSTM",
        "StackedRNNCells",
        "ConvLSTM2DCell",
        "ConvLSTM2D",
        "Dropout",
        "SpatialDropout1D",
        "Dense",
        "Flatten",
        "Activation",
        "RepeatVector",
        "Reshape",
        "Permute",
        "Masking",
        "Embedding",
        "Add",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
        "GaussianNoise",
        "GaussianDropout",
        "AlphaDropout",
        "BatchNormalization",
        "LayerNormalization",
        "MaxPooling1D",
        "AveragePooling1D",
        "MaxPooling2D",
        "AveragePooling2D",
        "MaxPooling3D",
        "AveragePooling3D",
        "GlobalAveragePooling1D",
        "GlobalMaxPooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "TimeDistributed",
        "Bidirectional",
        "Rescaling",
        "CenterCrop",
        "CategoryEncoding",
        "Resizing",
        "RandomWidth",
    ]
)


def obstacles(model: Model | GraphModel) -> list[str]:
    """Returns what in a model TensorFlow.js cannot load or computes otherwise, in sentences; none is fine."""
    if isinstance(model, GraphModel):
        unknown = [kind for kind in model.kinds if kind not in KINDS and kind not in CONTROL_FLOW]
        return [f"TensorFlow.js has no kind of node {kind:.80}. Give it one with tf.registerOp." for kind in unknown]
    called = {layer.name: layer for layer in model.modules() if isinstance(layer, Layer) and layer.inbound_nodes}
    found = []
    for name, class_name, config in described_layers(model.to_json()):
        found += [f'"{name}": {fault}' for fault in _faults_of_config(class_name, config)]
        if name in called:
            found += [f'"{name}": {fault}' for fault in _faults_of_calls(called[name], class_name, config)]
    return found


def _faults_of_config(class_name: str, config: dict[str, Any]) -> Iterator[str]:
    if class_name not in _LAYERS:
        yield f"TensorFlow.js has no layer {class_name}. Register one of that name on the page."
    if config.get("reset_after"):
        yield (
            f"TensorFlow.js has no {class_name} with reset_after. Train it with reset_after=False; the weights cannot be "
            "turned into each other."
        )
    if class_name == "Conv1D" and config.get("padding") == "causal":
        yield "TensorFlow.js has no causal padding."
    if config.get("half_pixel_centers"):
        yield "TensorFlow.js takes other pixels than half_pixel_centers asks for."
    if class_name == "Bidirectional" and config.get("zero_output_for_mask"):
        yield "where a mask is false, TensorFlow.js repeats the output before instead of zeros."
    if class_name == "Bidirectional" and config.get("layer", {}).get("class_name") == "RNN":
        yield "TensorFlow.js cannot load a bidirectional RNN of a cell. Use LSTM, GRU or SimpleRNN."
    if "gelu_new" in (config.get("activation"), config.get("recurrent_activation")):
        yield 'TensorFlow.js cannot load what it calls "gelu_new" itself. Use "gelu", or "swish".'
    if class_name == "Resizing":
        yield "TensorFlow.js fails to compute a Resizing inside of a model. Resize pictures before you give them to it."
    if class_name == "RandomWidth":
        yield "TensorFlow.js cannot load a RandomWidth. Leave it out of what a browser gets."


def _faults_of_calls(layer: Layer, class_name: str, config: dict[str, Any]) -> Iterator[str]:
    """Yields what depends on the shapes that a layer was called on."""
    before = [tensor for node in layer.inbound_nodes for tensor in node.inputs]
    ranks = {len(tensor.shape) for tensor in before}
    axis = config.get("axis")
    if class_name in ("Softmax", "BatchNormalization") and axis not in (None, -1) and ranks != {axis + 1}:
        yield f"TensorFlow.js computes a {class_name} along the last axis only."
    elif class_name in ("BatchNormalization", "LayerNormalization") and max(ranks, default=0) > 4:
        yield "TensorFlow.js normalizes at most four axes, the batch among them."
    if class_name in ("CenterCrop", "CategoryEncoding") and any(map(_has_shape_of_the_input, before)):
        yield f"TensorFlow.js mistakes the shape of what a {class_name} gives for that of the model's input."
    sizes = [tensor.shape[-3:-1] for tensor in before]
    if class_name == "CenterCrop" and any((h or 0) < config["height"] or (w or 0) < config["width"] for h, w in sizes):
        yield "TensorFlow.js fails to enlarge pictures that are smaller than what a CenterCrop leaves."


def _has_shape_of_the_input(tensor: SymbolicTensor) -> bool:
    """Whether only layers that leave the shape as it is stand between this and an input of the model."""
    source = tensor.source_layer
    while type(source).compute_output_shape is Layer.compute_output_shape and not isinstance(source, InputLayer):
        if tensor.node is None or not tensor.node.inputs:
            return False
        tensor = tensor.node.inputs[0]
        source = tensor.source_layer
    return isinstance(source, InputLayer)


def described_layers(value: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields name, class and config of all layers in a topology, also of those inside of others."""
    if isinstance(value, list):
        for part in value:
            yield from described_layers(part)
    elif isinstance(value, dict):
        config = value.get("config")
        if isinstance(value.get("class_name"), str) and isinstance(config, dict) and "name" in config:
            yield config["name"], value["class_name"], config
        for part in value.values():
            yield from described_layers(part)
