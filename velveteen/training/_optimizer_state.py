"""What an optimizer remembers, as tensors and numbers that a file can hold."""

from typing import Any

import torch

from velveteen.training.step import Stepper


def optimizer_state(stepper: Stepper) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Returns tensors by "number of the parameter/name", and the numbers beside them."""
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
    group = {name: value for name, value in content["param_groups"][0].items() if type(value) in (int, float)}
    return tensors, {"entries": numbers, "group": group}


def set_optimizer_state(stepper: Stepper, tensors: dict[str, torch.Tensor], numbers: dict[str, Any]) -> None:
    """Gives the optimizer what `optimizer_state` returned."""
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
    content["param_groups"][0] |= numbers["group"]
    stepper.optimizer.load_state_dict(content)
