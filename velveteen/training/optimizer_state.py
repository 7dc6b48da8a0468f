"""What an optimizer remembers of the steps so far: for files, and for training that goes on after a crash.

In files it is as TensorFlow.js writes it beside a model's weights: first comes "iter", the number of steps, then for each
kind of memory one tensor a trainable weight: "dense/kernel/m", "dense/bias/m", "dense/kernel/v", …; TensorFlow.js reads
them by their order. A backup of a training has all that PyTorch's optimizer holds, under PyTorch's own names, whatever
the rule.
"""

from typing import Any, NamedTuple

import torch

from velveteen.errors import FileFormatError
from velveteen.tensors import Tensor
from velveteen.training import optimizers
from velveteen.training.step import Stepper


class _Memory(NamedTuple):
    suffix: str  # in files
    key: str | None  # in the torch optimizer's state; None for what the rule does without


def _memories(optimizer: Any) -> tuple[_Memory, ...]:
    """Returns what a rule remembers, in the order of files; of Adamax and of rules of one's own files hold nothing."""
    match optimizer:
        case optimizers.Momentum():
            return (_Memory("momentum", "momentum_buffer"),)
        case optimizers.RMSProp():
            found = (_Memory("rms", "rms"), _Memory("momentum", "momentum"))
            return (*found, _Memory("mg", "mg")) if optimizer.centered else found
        case optimizers.Adam():
            return (_Memory("m", "exp_avg"), _Memory("v", "exp_avg_sq"))
        case optimizers.Adagrad():
            return (_Memory("accumulator", "accumulator"),)
        case optimizers.Adadelta():  # both are equal at all times, so that their values do not matter
            return (_Memory("accum_grad", None), _Memory("accum_var", None))
    return ()


def named_state(model: Any) -> list[tuple[str, Tensor]]:
    """Returns names and tensors of what the optimizer of a compiled model remembers; nothing where files cannot hold it."""
    optimizer = model.compilation.optimizer
    memories = _memories(optimizer)
    if not memories and type(optimizer) is not optimizers.SGD:
        return []
    bound = model.compilation.bound
    states = (
        {}
        if bound is None
        else dict(zip(map(id, bound[0]), (bound[1].state.get(p, {}) for p in bound[0]), strict=True))
    )
    weights = [] if bound is None else model.trainable_weights
    steps = max((int(state["step"]) for state in states.values() if "step" in state), default=optimizer.iterations)
    found = [("iter", Tensor(steps, dtype="int32"))]
    for suffix, key in memories:
        for weight in weights:
            value = states.get(id(weight.parameter), {}).get(key)
            start = getattr(optimizer, "initial_accumulator_value", 0.0)
            tensor = torch.full(tuple(weight.shape), start) if value is None else weight.outside(value).contiguous()
            found.append((f"{weight.name}/{suffix}", Tensor(tensor)))
    return found


def set_state(model: Any, values: list[Tensor]) -> None:
    """Lets the optimizer of a compiled model go on from what a file holds.

    Args:
        values: in the order of `named_state`.

    Raises:
        FileFormatError: they do not fit the model's trainable weights; then nothing has changed.
    """
    compilation = model.compilation
    memories = _memories(compilation.optimizer)
    weights = model.trainable_weights
    if values and len(values) == 1 and values[0].size == 1:
        compilation.optimizer.iterations = int(values[0].data_sync()[0])
    if not values or not memories or len(values) == 1:
        return
    if len(values) != 1 + len(memories) * len(weights) or values[0].size != 1:
        raise FileFormatError(
            f"The file holds {len(values)} tensors of the optimizer's, but {type(compilation.optimizer).__name__} has "
            f"{1 + len(memories) * len(weights)} for the {len(weights)} trainable weights of this model."
        )
    steps = torch.tensor(float(values[0].data_sync()[0]))
    states: list[dict[str, torch.Tensor]] = []
    for at, weight in enumerate(weights):
        state: dict[str, torch.Tensor] = {"step": steps.clone()} if memories[0].key == "exp_avg" else {}
        for number, (suffix, key) in enumerate(memories):
            value = values[1 + number * len(weights) + at]
            if value.shape != weight.shape or value.dtype != "float32":
                raise FileFormatError(
                    f'The optimizer\'s "{weight.name}/{suffix}" in the file is {value.dtype} of shape {value.shape}, but '
                    f"its weight has shape {weight.shape}."
                )
            if key is not None:
                state[key] = torch.empty_like(weight.parameter.detach()).copy_(weight.inside(value.value))
        states.append(state)
    compilation.optimizer.iterations = int(steps)
    optimizer = compilation.torch_optimizer([weight.parameter for weight in weights])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": dict(enumerate(states)), "param_groups": groups})


def backup_state(stepper: Stepper) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Returns what a training's optimizer holds: tensors by "number of the parameter/name", and the numbers beside them.

    The learning rate is the Optimizer's.
    """
    assert stepper.optimizer is not None
    parameters = stepper.optimizer.param_groups[0]["params"]
    content = stepper.optimizer.state_dict()
    tensors, numbers = {}, {}
    for number, entries in content["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{number}/{name}"] = stepper.whole(parameters[number], value)
            elif value is not None:
                numbers[f"{number}/{name}"] = value
    kept = content["param_groups"][0].items()
    group = {name: value for name, value in kept if type(value) in (int, float) and name != "lr"}
    return tensors, {"entries": numbers, "group": group}


def restore_state(stepper: Stepper, tensors: dict[str, torch.Tensor], numbers: dict[str, Any]) -> None:
    """Gives the optimizer what `backup_state` returned."""
    assert stepper.optimizer is not None
    parameters = stepper.optimizer.param_groups[0]["params"]
    content = stepper.optimizer.state_dict()
    content["state"] = {}
    for key, value in (tensors | numbers["entries"]).items():
        number, _, name = key.partition("/")
        parameter = parameters[int(number)]
        if isinstance(value, torch.Tensor):
            value = stepper.part(parameter, value)
            if value.shape == parameter.shape:  # in the order of the parameter's memory, which fused rules expect
                value = torch.empty_like(parameter).copy_(value)
        content["state"].setdefault(int(number), {})[name] = value
    content["param_groups"][0] |= {name: value for name, value in numbers["group"].items() if name != "lr"}
    stepper.optimizer.load_state_dict(content)
