"""What a graph model offers: names, inputs in every form, any node as output, kinds registered by users, and messages."""

import asyncio
import weakref

import numpy as np
import pytest

import velveteen as vt
from tests._javascript import serve
from tests.graph_models._graphs import (
    artifacts,
    constant,
    function,
    graph_model,
    library,
    node,
    placeholder,
    shape,
    tensor,
    topology,
)
from velveteen.errors import (
    ArgumentError,
    ArgumentTypeError,
    DisposedError,
    DtypeError,
    FileFormatError,
    ShapeError,
    UnknownNameError,
)

SIGNATURE = {
    "inputs": {"picture": {"name": "x:0"}, "factor": {"name": "f:0"}},
    "outputs": {"scaled": {"name": "y:0"}, "parts": {"name": "parts:1"}},
}


@pytest.fixture
def scaler():
    """Two inputs, two outputs, one of them the second of its node."""
    nodes = [
        placeholder("x", sizes=[-1, 2]),
        placeholder("f", sizes=[]),
        node("y", "Mul", "x", "f"),
        node("parts", "Unpack", "y", axis=1, num=2),
    ]
    return graph_model(nodes, signature=SIGNATURE)


@pytest.fixture
def registered():
    """Registers kinds of nodes for one test."""
    names = []

    def register(name, compute):
        names.append(name)
        vt.register_op(name, compute)

    yield register
    for name in names:
        vt.deregister_op(name)


def test_names_shapes_and_dtypes(scaler):
    assert scaler.input_nodes == ["picture", "factor"]
    assert scaler.output_nodes == ["scaled", "parts"]
    assert [(info.name, info.shape, info.dtype) for info in scaler.inputs] == [
        ("x", [None, 2], "float32"),
        ("f", [], "float32"),
    ]
    assert [info.name for info in scaler.outputs] == ["y", "parts"]
    assert scaler.model_version == "1482.12"
    assert scaler.model_signature == SIGNATURE
    assert repr(scaler) == "GraphModel(picture, factor → scaled, parts)"


@pytest.mark.parametrize(
    "inputs",
    [
        [[[1, 2], [3, 4]], 10],
        [vt.tensor([[1, 2], [3, 4]]), vt.scalar(10)],
        {"picture": [[1, 2], [3, 4]], "factor": 10},
        {"x": np.array([[1, 2], [3, 4]], np.float32), "f:0": 10.0},
    ],
)
def test_inputs_in_every_form(scaler, inputs):
    scaled, part = scaler.predict(inputs)
    assert scaled.array_sync() == [[10, 20], [30, 40]]
    assert part.array_sync() == [20, 40]


def test_a_single_input_may_be_nested_lists():
    model = graph_model([placeholder("x", "int32", [-1, 2]), node("y", "Neg", "x")])
    result = model.predict([[1, 2], [3, 4]])
    assert result.dtype == "int32"
    assert result.array_sync() == [[-1, -2], [-3, -4]]


def test_any_node_can_be_asked_for_and_given(scaler):
    inputs = {"picture": [[1, 2]], "factor": 3}
    assert scaler.execute(inputs, "parts:0").array_sync() == [3]
    assert [each.array_sync() for each in scaler.execute(inputs, ["x", "y"])] == [[[1, 2]], [[3, 6]]]
    assert scaler.execute({"y": [[7, 8]]}, "parts").array_sync() == [8]
    assert scaler.execute({"y": [[7, 8]]}, "parts:0").array_sync() == [7]


def test_awaitable(scaler):
    assert asyncio.run(scaler.predict_async([[[1, 2]], 3]))[0].array_sync() == [[3, 6]]
    assert asyncio.run(scaler.execute_async([[[1, 2]], 3], "parts:0")).array_sync() == [3]


def test_structured_outputs():
    nodes = [placeholder("x"), node("a", "Neg", "x"), node("b", "Abs", "x")]
    signature = {"inputs": {"x": {"name": "x:0"}}, "outputs": {"a": {"name": "a:0"}, "b": {"name": "b:0"}}}
    metadata = {"signature": signature, "structuredOutputKeys": ["left", "right"]}
    result = graph_model(nodes, user_defined_metadata=metadata).predict([-2])
    assert {key: value.array_sync() for key, value in result.items()} == {"left": [2], "right": [2]}


def test_saved_model_gives_the_same(scaler, tmp_path):
    scaler.save(tmp_path / "model")
    again = vt.load_graph_model(tmp_path / "model")
    assert again.predict([[[1, 2]], 3])[0].array_sync() == [[3, 6]]


def test_loaded_from_an_address(scaler, tmp_path):
    scaler.save(tmp_path)
    seen = []
    with serve({"/": tmp_path}) as address:
        again = vt.load_graph_model(f"{address}/model.json", on_progress=seen.append)
    assert again.predict([[[1, 2]], 3])[0].array_sync() == [[3, 6]]
    assert seen[-1] == 1


def test_quantized_weights():
    nodes = [placeholder("x"), node("y", "MatMul", "x", "w"), constant("w")]
    weights = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    encoded = vt.io.encode_weights({"w": weights}, quantization="uint8")
    files = artifacts(topology(nodes))
    files.weight_specs, files.weight_data = encoded.specs, encoded.data
    model = vt.load_graph_model(vt.io.from_memory(files))
    np.testing.assert_allclose(model.predict(vt.ones([1, 3])).numpy()[0], weights.sum(0), atol=0.02)
    assert model.weights["w"][0].shape == [3, 4]


def test_gradients_flow_through():
    model = graph_model([placeholder("x"), node("y", "Square", "x")])
    assert vt.grad(lambda x: model.predict(x))(vt.tensor([3])).array_sync() == [6]


def test_initializer_fills_the_table_that_the_graph_takes():
    table = {"key_dtype": "DT_INT64", "value_dtype": "DT_STRING"}
    initializer = topology(
        [
            node("table", "HashTableV2", **table),
            node("fill", "LookupTableImportV2", "table", "keys", "values"),
            constant("keys", "int32"),
            constant("values", "string"),
        ]
    )
    nodes = [
        placeholder("x", "int32"),
        node("handle", "Placeholder", dtype="DT_RESOURCE", shape=shape()),
        node("y", "LookupTableFindV2", "handle", "x", "unknown"),
        constant("unknown", "string"),
    ]
    model = graph_model(
        nodes,
        {
            "keys": tensor([1, 2], "int32"),
            "values": tensor(["one", "two"], "string"),
            "unknown": tensor("?", "string"),
        },
        model_initializer=initializer,
        initializer_signature={"outputs": {"t": {"name": "fill:0", "resourceId": 7}}},
        signature={
            "inputs": {"x": {"name": "x:0"}, "handle": {"name": "handle:0", "resourceId": 7}},
            "outputs": {"y": {"name": "y:0"}},
        },
    )
    assert model.predict(tensor([2, 3, 1], "int32")).array_sync() == ["two", "?", "one"]


def test_functions_read_outputs_by_name():
    best = library(
        "best", {"a": "float32"}, {"place": "top:indices:0"}, node("top", "TopKV2", "a", "k"), constant("k", "int32")
    )
    nodes = [
        placeholder("c", "bool"),
        placeholder("x"),
        node("y", "If", "c", "x", then_branch=function("best"), else_branch=function("best")),
    ]
    model = graph_model(nodes, {"k": tensor(1, "int32")}, [best])
    assert model.predict([True, [1, 9, 3]]).array_sync() == [1]


def test_a_constant_in_a_branch_is_there_only_if_the_branch_is_taken():
    nodes = [
        placeholder("c", "bool"),
        node("switch", "Switch", "c", "c"),
        node("no", "Identity", "switch:0"),
        node("yes", "Identity", "switch:1"),
        constant("a", "float32", "^no"),
        constant("b", "float32", "^yes"),
        node("y", "Merge", "a", "b"),
    ]
    model = graph_model(nodes, {"a": [1.0], "b": [2.0]})
    assert model.predict(vt.tensor(False)).array_sync() == [1]
    assert model.predict(vt.tensor(True)).array_sync() == [2]


def test_what_a_loop_computes_from_its_constants_is_there_in_each_iteration():
    frame = {"frame_name": "loop"}
    nodes = [
        placeholder("n", "int32"),
        node("in_i", "Enter", "zero", is_constant=False, **frame),
        node("in_n", "Enter", "n", is_constant=True, **frame),
        node("limit", "AddV2", "in_n", "in_n"),
        node("i", "Merge", "in_i", "next"),
        node("less", "Less", "i", "limit"),
        node("go", "LoopCond", "less"),
        node("switch", "Switch", "i", "go"),
        node("more", "AddV2", "switch:1", "one"),
        node("next", "NextIteration", "more"),
        node("y", "Exit", "switch:0"),
        constant("zero", "int32"),
        constant("one", "int32"),
    ]
    model = graph_model(nodes, {"zero": tensor(0, "int32"), "one": tensor(1, "int32")})
    assert model.predict(tensor(4, "int32")).array_sync() == 8


def test_channels_first():
    x = np.random.default_rng(1).random((1, 3, 6, 6), np.float32)
    options = {"strides": [1, 1, 2, 2], "dilations": [1, 1, 1, 1], "padding": "SAME", "data_format": "NCHW"}
    nodes = [
        placeholder("x"),
        node("conv", "_FusedConv2D", "x", "w", "b", num_args=1, fused_ops=["BiasAdd", "Relu"], **options),
        node("pool", "MaxPool", "conv", ksize=[1, 1, 2, 2], strides=[1, 1, 1, 1], padding="VALID", data_format="NCHW"),
        constant("w"),
        constant("b"),
    ]
    kernel = np.random.default_rng(2).random((3, 3, 3, 4), np.float32) - 0.5
    bias = np.arange(4, dtype=np.float32) / 4 - 0.5
    result = graph_model(nodes, {"w": kernel, "b": bias}).predict(vt.tensor(x))
    expected = vt.relu(vt.conv2d(vt.tensor(x.transpose(0, 2, 3, 1)), kernel, 2, "same") + vt.tensor(bias))
    expected = vt.max_pool(expected, 2, 1, "valid").transpose([0, 3, 1, 2])
    np.testing.assert_allclose(result.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2dNative"])
@pytest.mark.parametrize("sum_op", ["AddV2", "BiasAdd"])
def test_bias_and_activation_behind_a_convolution(op, sum_op, registered):
    options = {"strides": [1, 1, 1, 1], "dilations": [1, 1, 1, 1], "padding": "SAME", "data_format": "NHWC"}
    nodes = [
        placeholder("x"),
        node("conv", op, "x", "w", **options),
        node("sum", sum_op, "conv", "b"),
        node("y", "Relu", "sum"),
        constant("w"),
        constant("b"),
    ]
    weights = {"w": vt.random_normal([3, 3, 2, 1], seed=1), "b": vt.tensor([0.5, -1] if op != "Conv2D" else [0.5])}
    model = graph_model(nodes, weights)
    x = vt.random_normal([1, 5, 5, 2], seed=2)
    joined = model.predict(x)
    conv, total, result = model.execute(x, ["conv", "sum", "y"])  # asked for, they are not joined
    np.testing.assert_allclose(joined.numpy(), result.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(result.numpy(), vt.relu(total).numpy())
    np.testing.assert_allclose(total.numpy(), (conv + weights["b"]).numpy(), rtol=1e-5, atol=1e-6)
    registered("Relu", lambda node: node.inputs[0] * 0 + 7)
    assert model.predict(x).numpy().min() == 7


def test_thousands_of_nodes_deep():
    nodes = [placeholder("x0")] + [node(f"x{i + 1}", "Neg", f"x{i}") for i in range(20_000)]
    assert graph_model(nodes[::-1]).predict([1]).array_sync() == [1]


def test_values_are_dropped_after_their_last_use(registered):
    seen, alive = [], []

    def watch(node):
        seen.append(weakref.ref(node.inputs[0].value))
        alive.append(sum(each() is not None for each in seen))
        return node.inputs[0] + 0

    registered("Watch", watch)
    nodes = [placeholder("x0")]
    for i in range(0, 20, 2):
        nodes += [node(f"x{i + 1}", "Neg", f"x{i}"), node(f"x{i + 2}", "Watch", f"x{i + 1}")]
    graph_model(nodes).predict(vt.zeros([10]))
    assert alive == [1] * 10


# Kinds of one's own


def test_register_op(registered):
    seen = []

    def power(node):
        seen.append(node)
        return node.inputs[0] ** node.attrs["exponent"]

    registered("MyPower", power)
    attributes = {"exponent": 3, "note": "hello", "flag": True, "kind": "DT_INT32", "sizes": [1, 2], "texts": ["a"]}
    model = graph_model([placeholder("x"), node("y", "MyPower", "x", **attributes, box=shape(2, -1))])
    assert model.predict([2]).array_sync() == [8]
    assert (seen[0].name, seen[0].op) == ("y", "MyPower")
    assert seen[0].attrs == {**attributes, "kind": "int32", "box": [2, -1]}


def test_registered_kinds_may_have_many_outputs_and_replace_ours(registered):
    registered("Neg", lambda node: [node.inputs[0] + 1, node.inputs[0] + 2])
    model = graph_model([placeholder("x"), node("y", "Neg", "x")])
    assert model.execute([1], "y:1").array_sync() == [3]
    vt.deregister_op("Neg")
    assert model.predict([1]).array_sync() == [-1]


def test_errors_of_registered_functions_come_through(registered):
    registered("Broken", lambda node: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        graph_model([placeholder("x"), node("y", "Broken", "x")]).predict([1])


def test_unknown_kind_tells_how_to_register_it():
    model = graph_model([placeholder("x"), node("fine", "Neg", "x"), node("y", "Frobnicate", "x")])
    assert model.execute([1], "fine").array_sync() == [-1]  # looked up only when it is needed
    with pytest.raises(
        UnknownNameError, match=r'Node "y" .* "Frobnicate".*vt\.register_op\(\'Frobnicate\', function\)'
    ):
        model.execute([1], "y")


def test_register_op_takes_a_function():
    with pytest.raises(ArgumentTypeError, match="expects a name and a function"):
        vt.register_op("Neg", 3)


# Messages


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ([[[1, 2]]], ArgumentError, r"has 2 inputs \(x, f\), but 1 are given"),
        ({"picture": [[1, 2]]}, ArgumentError, r"need the input f, which is not given"),
        ({"picture": [[1, 2]], "factr": 1}, UnknownNameError, r'Did you mean "factor"'),
        ([[[1, 2, 3]], 1], ShapeError, r'"x" must have the shape \[null, 2\], got \[1, 3\]'),
        ([vt.tensor([[1, 2]], dtype="int32"), 1], DtypeError, r'"x" must be float32, got int32.*cast'),
    ],
)
def test_wrong_inputs(scaler, inputs, error, message):
    with pytest.raises(error, match=message):
        scaler.predict(inputs)


def test_wrong_outputs(scaler):
    with pytest.raises(UnknownNameError, match='Did you mean "scaled"'):
        scaler.execute([[[1, 2]], 1], "scald")
    with pytest.raises(FileFormatError, match="does not name a node's output"):
        scaler.execute([[[1, 2]], 1], "y:z:w:1")


def test_a_value_inside_of_a_branch_that_was_not_taken():
    nodes = [placeholder("x"), placeholder("c", "bool"), node("s", "Switch", "x", "c"), node("y", "Neg", "s:1")]
    with pytest.raises(ArgumentError, match="branch that was not taken"):
        graph_model(nodes).predict([[1.0], False])


def test_errors_name_the_node():
    model = graph_model([placeholder("a"), placeholder("b"), node("y", "MatMul", "a", "b")])
    with pytest.raises(ShapeError, match=r'In node "y" \(MatMul\)'):
        model.predict([vt.zeros([2, 3]), vt.zeros([2, 3])])


def test_disposed(scaler):
    scaler.dispose()
    with pytest.raises(DisposedError, match="Load it again"):
        scaler.predict([[[1, 2]], 1])


def test_layers_models_are_told(tmp_path):
    vt.sequential([vt.layers.dense(1, input_shape=[2])]).save(tmp_path)
    with pytest.raises(FileFormatError, match="load_layers_model"):
        vt.load_graph_model(tmp_path)


def test_from_tf_hub_needs_an_address():
    with pytest.raises(ArgumentTypeError, match="address of a module"):
        vt.load_graph_model(vt.io.from_memory({}), from_tf_hub=True)


def test_a_list_of_texts_has_empty_ones_where_nothing_was_put():
    kind = {"element_dtype": "DT_STRING"}
    nodes = [
        placeholder("x", "string"),
        node("list", "TensorListReserve", "any", "two", **kind),
        node("one", "TensorListSetItem", "list", "second", "x", **kind),
        node("y", "TensorListStack", "one", "any", **kind),
        constant("any", "int32"),
        constant("two", "int32"),
        constant("second", "int32"),
    ]
    weights = {name: vt.scalar(value, "int32") for name, value in (("any", -1), ("two", 2), ("second", 1))}
    assert graph_model(nodes, weights).predict(vt.tensor(["a", "ü"])).array_sync() == [["", ""], ["a", "ü"]]
