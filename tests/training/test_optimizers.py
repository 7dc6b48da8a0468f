"""Optimizers against five steps of TensorFlow.js 4.22.0 on a quadratic."""

import gc

import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError, UnknownNameError
from velveteen.training import optimizers

START = [1.0, -2.0, 0.5]
CURVATURE = [1.0, 3.0, 0.2]  # the function is sum(curvature·v²)
RECORDED = [
    (lambda: vt.train.sgd(0.1), [0.32767996, -0.020479994, 0.40768635]),
    (lambda: vt.train.momentum(0.1, 0.9), [-0.58042002, 0.46011996, 0.26111263]),
    (lambda: vt.train.momentum(0.1, 0.9, True), [-0.41571754, -0.12288539, 0.21464357]),
    (lambda: vt.train.rmsprop(0.05), [0.52446365, -1.493639, 0.099899918]),
    (lambda: vt.train.rmsprop(0.05, 0.8, 0.5, 1e-3), [0.40746638, -1.3717921, 0.016242675]),
    (lambda: vt.train.rmsprop(0.05, 0.8, 0.5, 1e-3, True), [0.26431927, -1.1861925, -0.064881667]),
    (lambda: vt.train.adam(), [0.99500042, -1.9950002, 0.49500096]),
    (lambda: vt.train.adam(0.1, 0.8, 0.9, 1e-2), [0.51131773, -1.5036532, 0.055054121]),
    (lambda: vt.train.adadelta(), [0.99003994, -1.9407158, 0.49900079]),
    (lambda: vt.train.adadelta(1.5, 0.8, 1e-2), [-32, 65536, 0.0051199985]),
    (lambda: vt.train.adamax(), [0.9900018, -1.9899909, 0.49002352]),
    (lambda: vt.train.adamax(0.1, 0.8, 0.9, 1e-3, 0.3), [0.63964272, -1.6527522, 0.1712012]),
    (lambda: vt.train.adagrad(0.1), [0.69976956, -1.6868215, 0.30828363]),
    (lambda: vt.train.adagrad(0.1, 0.5), [0.70745587, -1.6870606, 0.38375545]),
]


def cost_of(variable):
    return vt.sum(vt.mul(vt.mul(variable, variable), CURVATURE))


@pytest.mark.parametrize(("make", "expected"), RECORDED)
def test_minimize_takes_tensorflowjs_steps(make, expected):
    variable, optimizer = vt.Variable(START), make()
    for _ in range(5):
        optimizer.minimize(lambda: cost_of(variable), var_list=[variable])
    torch.testing.assert_close(variable.torch(), torch.tensor(expected), rtol=5e-5, atol=1e-6)


@pytest.mark.parametrize(("make", "expected"), RECORDED)
def test_torch_optimizer_takes_the_same_steps(make, expected):
    parameter = torch.nn.Parameter(torch.tensor(START))
    optimizer = make().torch_optimizer([parameter])
    for _ in range(5):
        optimizer.zero_grad()
        (torch.tensor(CURVATURE) * parameter.square()).sum().backward()
        optimizer.step()
    torch.testing.assert_close(parameter.detach(), torch.tensor(expected), rtol=5e-5, atol=1e-6)


def test_centered_rmsprop_never_divides_by_the_root_of_a_negative_number():
    variable, optimizer = vt.Variable([1e-5, 0.0]), vt.train.rmsprop(0.01, centered=True)
    for _ in range(3):
        optimizer.minimize(lambda: vt.sum(vt.mul(variable, variable)), var_list=[variable])
    assert variable.torch().isfinite().all()
    assert variable.array_sync()[1] == 0.0


def test_minimize_finds_the_variables_and_returns_the_cost():
    variable, other = vt.Variable([2.0]), vt.Variable([5.0])
    cost = vt.train.sgd(0.1).minimize(lambda: vt.sum(vt.mul(variable, variable)), True)
    assert cost.array_sync() == 4.0
    assert variable.array_sync() == pytest.approx([1.6])
    assert other.array_sync() == [5.0]
    assert vt.train.sgd(0.1).minimize(lambda: vt.sum(vt.mul(variable, variable))) is None


@pytest.mark.parametrize(
    "form",
    [
        lambda name, gradient: {name: gradient},
        lambda name, gradient: [(name, gradient)],
        lambda name, gradient: [{"name": name, "tensor": gradient}],
    ],
)
def test_gradients_by_name(form):
    variable = vt.Variable([1.0, 2.0], name="by_name")
    optimizer = vt.train.sgd(0.5)
    value, gradients = optimizer.compute_gradients(lambda: vt.sum(vt.mul(variable, variable)), [variable])
    assert value.array_sync() == 5.0
    assert gradients["by_name"].array_sync() == [2.0, 4.0]
    optimizer.apply_gradients(form("by_name", vt.Tensor([1.0, 2.0])))
    assert variable.array_sync() == [0.5, 1.0]


def test_a_missing_gradient_is_skipped():
    variable = vt.Variable([1.0], name="skipped")
    vt.train.adam(0.5).apply_gradients({"skipped": None})
    assert variable.array_sync() == [1.0]


def test_momentum_is_kept_for_each_variable():
    first, second = vt.Variable([1.0], name="kept_a"), vt.Variable([1.0], name="kept_b")
    optimizer = vt.train.momentum(0.1, 0.5)
    optimizer.apply_gradients({"kept_a": [1.0]})
    optimizer.apply_gradients({"kept_b": [1.0]})
    optimizer.apply_gradients({"kept_a": [1.0], "kept_b": [0.0]})
    assert first.array_sync() == pytest.approx([1 - 0.1 - 0.15])
    assert second.array_sync() == pytest.approx([1 - 0.1 - 0.05])


def test_a_step_starts_from_the_value_that_was_assigned():
    variable = vt.Variable([1.0], name="assigned")
    optimizer = vt.train.sgd(0.1)
    optimizer.apply_gradients({"assigned": [1.0]})
    before = vt.Tensor(variable)
    variable.assign([5.0])
    optimizer.apply_gradients({"assigned": [1.0]})
    assert variable.array_sync() == pytest.approx([4.9])
    assert before.array_sync() == pytest.approx([0.9])


def test_forgotten_variables_are_forgotten():
    optimizer = vt.train.momentum(0.1, 0.9)
    for _ in range(20):
        variable = vt.Variable([1.0])
        optimizer.minimize(lambda v=variable: vt.sum(v), var_list=[variable])
        assert variable.array_sync() == pytest.approx([0.9])
        del variable
        gc.collect()
    assert len(optimizer._slots._slots) == 1
    assert len(optimizer._slots._optimizer.param_groups[0]["params"]) == 1


def test_weights_of_layers():
    model = vt.sequential([vt.layers.conv2d(4, 3, input_shape=[5, 5, 2], name="opt_conv"), vt.layers.flatten()])
    weights = model.trainable_weights
    before = [weight.array_sync() for weight in weights]
    x = vt.Tensor(torch.rand(2, 5, 5, 2))
    optimizer = vt.train.sgd(0.1)
    _, gradients = optimizer.compute_gradients(lambda: vt.mean(model.apply(x)), weights)
    optimizer.minimize(lambda: vt.mean(model.apply(x)), var_list=weights)
    for weight, old in zip(weights, before, strict=True):
        expected = torch.tensor(old) - 0.1 * gradients[weight.name].torch()
        torch.testing.assert_close(weight.torch(), expected)
        assert weight.parameter.grad is None


@pytest.mark.parametrize("make", [lambda: vt.train.adam(0.1), lambda: vt.train.rmsprop(0.1)])
def test_the_learning_rate_can_be_changed_during_training(make):
    optimizer = make()
    parameter = torch.nn.Parameter(torch.ones(2))
    live = optimizer.torch_optimizer([parameter])
    variable = vt.Variable([1.0])
    optimizer.minimize(lambda: vt.sum(variable), var_list=[variable])
    optimizer.learning_rate = 0.0
    before = variable.array_sync()
    parameter.grad = torch.ones(2)
    live.step()
    optimizer.minimize(lambda: vt.sum(variable), var_list=[variable])
    assert parameter.tolist() == [1.0, 1.0]
    assert variable.array_sync() == before
    optimizer.set_learning_rate(0.2)
    assert optimizer.learning_rate == live.param_groups[0]["lr"] == 0.2


@pytest.mark.parametrize(
    ("optimizer", "saved"),
    [
        (vt.train.sgd(0.1), {"class_name": "SGD", "config": {"learningRate": 0.1}}),
        (
            vt.train.momentum(0.1, 0.9),
            {"class_name": "Momentum", "config": {"learningRate": 0.1, "momentum": 0.9, "useNesterov": False}},
        ),
        (
            vt.train.rmsprop(0.05),
            {
                "class_name": "RMSProp",
                "config": {"learningRate": 0.05, "decay": 0.9, "momentum": 0, "epsilon": 1e-7, "centered": False},
            },
        ),
        (
            vt.train.adam(),
            {"class_name": "Adam", "config": {"learningRate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}},
        ),
        (
            vt.train.adadelta(),
            {"class_name": "Adadelta", "config": {"learningRate": 0.001, "rho": 0.95, "epsilon": 1e-7}},
        ),
        (
            vt.train.adamax(),
            {
                "class_name": "Adamax",
                "config": {"learningRate": 0.002, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "decay": 0},
            },
        ),
        (
            vt.train.adagrad(0.1),
            {"class_name": "Adagrad", "config": {"learningRate": 0.1, "initialAccumulatorValue": 0.1}},
        ),
    ],
)
def test_saved_form_is_tensorflowjs_and_goes_round(optimizer, saved):
    assert vt.serialization.serialize(optimizer) == saved
    assert vt.serialization.serialize(optimizers.get(saved)) == saved


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("sgd", {"learningRate": 0.01}),
        ("SGD", {"learningRate": 0.01}),
        ("adam", {"learningRate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}),
        ("RMSProp", {"learningRate": 0.001, "decay": 0.9, "momentum": 0, "epsilon": 1e-7, "centered": False}),
        ("rmsprop", {"learningRate": 0.001, "decay": 0.9, "momentum": 0, "epsilon": 1e-7, "centered": False}),
        ("adadelta", {"learningRate": 1, "rho": 0.95, "epsilon": 1e-7}),
        ("Adamax", {"learningRate": 0.002, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "decay": 0}),
        ("adagrad", {"learningRate": 0.01, "initialAccumulatorValue": 0.1}),
    ],
)
def test_defaults_by_name_are_those_of_compile(name, config):
    assert optimizers.get(name).get_config() == config


@pytest.mark.parametrize(
    "config", [{"learning_rate": 0.5, "beta_1": 0.8}, {"lr": 0.5, "beta_1": 0.8, "amsgrad": False}]
)
def test_configs_of_keras(config):
    optimizer = optimizers.get({"class_name": "Adam", "config": config})
    assert (optimizer.learning_rate, optimizer.beta1) == (0.5, 0.8)


def test_an_optimizer_passes_through():
    optimizer = vt.train.adam()
    assert optimizers.get(optimizer) is optimizer


def twins():
    return vt.Variable([1.0], name="twin"), vt.Variable([1.0], name="twin")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: optimizers.get("adan"), UnknownNameError, 'Did you mean "adam"'),
        (lambda: optimizers.get("momentum"), ArgumentError, r"train\.momentum\(0\.01, 0\.9\)"),
        (lambda: optimizers.get(0.1), ArgumentTypeError, r"made by train\.adam\(\), got 0\.1"),
        (lambda: optimizers.get({"class_name": "Lion", "config": {}}), UnknownNameError, 'Unknown optimizer "Lion"'),
        (
            lambda: optimizers.get({"class_name": "SGD", "config": {}}),
            ArgumentError,
            "lacks what it needs.*learning_rate",
        ),
        (lambda: vt.train.sgd("fast"), ArgumentError, "learning_rate must be a number, got 'fast'"),
        (lambda: vt.train.adam(0.1, None), ArgumentError, "beta1 must be a number"),
        (lambda: vt.train.sgd(float("nan")), ArgumentError, "learning_rate must be a number, got nan"),
        (lambda: vt.train.sgd(0.1).torch_optimizer([]), ArgumentError, "nothing to train.*trainable = True"),
        (lambda: vt.train.sgd(0.1).apply_gradients({"no_such": [1.0]}), ArgumentError, 'is called "no_such"'),
        (lambda: vt.train.sgd(0.1).apply_gradients([3]), ArgumentTypeError, "a dict from names to tensors"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_two_variables_of_one_name():
    variables = twins()
    with pytest.raises(ArgumentError, match='2 trainable variables are called "twin"'):
        vt.train.sgd(0.1).apply_gradients({"twin": [1.0]})
    assert all(variable.array_sync() == [1.0] for variable in variables)


def test_a_gradient_of_another_shape():
    variable = vt.Variable([1.0, 2.0], name="shaped")
    with pytest.raises(ShapeError, match=r'gradient of "shaped" must have shape \[2\], but it has \[3\]'):
        vt.train.sgd(0.1).apply_gradients({"shaped": [1.0, 2.0, 3.0]})
    assert variable.array_sync() == [1.0, 2.0]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_adam_is_pytorchs_in_every_layout_of_weights_and_gradients(layout):
    torch.manual_seed(3)
    start, gradients = torch.randn(4, 3, 2, 2), torch.randn(5, 4, 3, 2, 2)
    ours = torch.nn.Parameter(start.clone(memory_format=layout))
    theirs = torch.nn.Parameter(start.clone())
    optimizer = vt.train.adam(0.1).torch_optimizer([ours])
    reference = torch.optim.Adam([theirs], lr=0.1, eps=1e-7)
    for number, gradient in enumerate(gradients):
        # Every other gradient lies otherwise in memory than its weight.
        ours.grad = gradient.clone(memory_format=torch.channels_last if number % 2 else torch.contiguous_format)
        theirs.grad = gradient.clone()
        optimizer.step()
        reference.step()
    torch.testing.assert_close(ours, theirs)


def small_model(optimizer):
    model = vt.sequential([vt.layers.dense(2, kernel_initializer="ones", input_shape=[3])])
    model.compile(optimizer=optimizer, loss="meanSquaredError")
    return model


def train(model, steps):
    for _ in range(steps):
        model.train_on_batch(vt.ones([4, 3]), vt.zeros([4, 2]))


@pytest.mark.parametrize("make", [vt.train.sgd, vt.train.adam, vt.train.rmsprop, vt.train.adagrad])
def test_weights_of_an_optimizer_carry_it_on(make):
    model, other = small_model(make(0.1)), small_model(make(0.1))
    train(model, 3)
    remembered = model.optimizer.get_weights()
    assert remembered[0]["name"] == "iter"
    assert remembered[0]["tensor"].array_sync() == model.optimizer.iterations == 3
    other.set_weights(model.get_weights())
    other.optimizer.set_weights(remembered)
    assert other.optimizer.iterations == 3
    train(model, 2)
    train(other, 2)
    assert other.optimizer.iterations == 5
    assert [w.array_sync() for w in other.get_weights()] == [w.array_sync() for w in model.get_weights()]


def test_iterations_count_minimize_too():
    optimizer, x = vt.train.momentum(0.1, 0.9), vt.variable(vt.scalar(1.0))
    for _ in range(2):
        optimizer.minimize(lambda: x.square())
    assert optimizer.iterations == 2


def test_weights_of_an_optimizer_need_a_model():
    with pytest.raises(StateError, match=r"Adam does not know which weights.*model.compile\(\)"):
        vt.train.adam(0.1).get_weights()
