"""Weight decay and clipping, which every optimizer has, against PyTorch's own."""

import pytest
import torch

import velveteen as vt
from velveteen.errors import ArgumentError
from velveteen.training import optimizers

GRADIENTS = ([[3.0, -4.0], [0.5, 0.0]], [12.0, -0.25])


def parameters():
    return [torch.tensor([[1.0, 2.0], [-3.0, 4.0]]).requires_grad_(), torch.tensor([1.0, -1.0]).requires_grad_()]


def stepped(optimizer, steps=3):
    weights = parameters()
    rule = optimizer(weights)
    for _ in range(steps):
        for weight, gradient in zip(weights, GRADIENTS, strict=True):
            weight.grad = torch.tensor(gradient)
        rule.step()
    return [weight.detach() for weight in weights]


def assert_same(ours, theirs):
    for our, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(our, their, rtol=1e-6, atol=1e-7)


def test_weight_decay_is_adamws_on_matrices():
    ours = stepped(vt.train.adam(0.1, weight_decay=0.3).torch_optimizer)

    def adamw(weights):
        groups = [{"params": [weights[0]], "weight_decay": 0.3}, {"params": [weights[1]], "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=0.1, eps=1e-7)

    assert_same(ours, stepped(adamw))


def test_weight_decay_follows_the_learning_rate():
    optimizer = vt.train.sgd(0.1, weight_decay=0.5)
    weight = torch.tensor([[2.0]], requires_grad=True)
    rule = optimizer.torch_optimizer([weight])
    optimizer.learning_rate = 0.2
    weight.grad = torch.tensor([[0.0]])
    rule.step()
    assert weight.item() == pytest.approx(2.0 * (1 - 0.2 * 0.5))


@pytest.mark.parametrize(
    ("options", "clip"),
    [
        ({"global_clipnorm": 2.0}, lambda weights: torch.nn.utils.clip_grad_norm_(weights, 2.0)),
        ({"global_clipnorm": 100.0}, lambda weights: None),
        ({"clipnorm": 2.0}, lambda weights: [torch.nn.utils.clip_grad_norm_([weight], 2.0) for weight in weights]),
        ({"clipvalue": 0.3}, lambda weights: torch.nn.utils.clip_grad_value_(weights, 0.3)),
        ({"clipvalue": 0.0}, lambda weights: torch.nn.utils.clip_grad_value_(weights, 0.0)),
        ({"global_clipnorm": 0.0}, lambda weights: torch.nn.utils.clip_grad_value_(weights, 0.0)),
    ],
)
def test_clipping_is_pytorchs(options, clip):
    class Clipped(torch.optim.SGD):
        def step(self, closure=None):
            clip(self.param_groups[0]["params"])
            return super().step(closure)

    ours = stepped(vt.train.sgd(0.1, **options).torch_optimizer)
    assert_same(ours, stepped(lambda weights: Clipped(weights, lr=0.1)))


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: vt.train.sgd(0.1, **options),
        lambda **options: vt.train.momentum(0.1, 0.9, **options),
        lambda **options: vt.train.rmsprop(0.1, **options),
        lambda **options: vt.train.adam(0.1, **options),
        lambda **options: vt.train.adadelta(0.1, **options),
        lambda **options: vt.train.adamax(0.1, **options),
        lambda **options: vt.train.adagrad(0.1, **options),
    ],
)
def test_every_optimizer_has_them(make):
    plain, decayed = make(), make(weight_decay=0.5, clipvalue=0.01)
    assert not torch.equal(stepped(plain.torch_optimizer)[0], stepped(decayed.torch_optimizer)[0])
    assert "weightDecay" not in plain.get_config()
    config = decayed.get_config()
    assert (config["weightDecay"], config["clipvalue"]) == (0.5, 0.01)
    again = optimizers.get({"class_name": decayed.class_name, "config": config})
    assert again.get_config() == config


def test_minimize_clips_too():
    variable = vt.Variable([5.0])
    vt.train.sgd(1.0, clipvalue=0.5).minimize(lambda: (variable * 10).sum(), var_list=[variable])
    assert variable.array_sync() == [4.5]


def test_keras_configs_keep_theirs():
    loaded = optimizers.get({"class_name": "Adam", "config": {"weight_decay": 0.01, "global_clipnorm": 1.0}})
    assert (loaded.weight_decay, loaded.global_clipnorm) == (0.01, 1.0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, ArgumentError, "clips in one way, but got clipvalue and clipnorm"),
        ({"weight_decay": -1}, ArgumentError, "weight_decay must not be negative, got -1.0"),
        ({"clipnorm": "much"}, ArgumentError, "clipnorm must be a number, got 'much'"),
    ],
)
def test_errors(options, error, message):
    with pytest.raises(error, match=message):
        vt.train.sgd(0.1, **options)


def test_what_a_callback_adds_to_the_logs_is_remembered():
    class Adds(vt.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            logs["nats"] = 1.5 - epoch

    model = vt.sequential([vt.layers.dense(1, input_shape=[1])])
    model.compile("sgd", "meanSquaredError")
    history = model.fit([[1.0]], [[2.0]], epochs=2, verbose=False, callbacks=[Adds()])
    assert history.history["nats"] == [1.5, 0.5]
