"""Gradients of functions of tensors and of variables, by PyTorch's autograd."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from velveteen import backend
from velveteen.errors import ArgumentError, ArgumentTypeError, DtypeError, ShapeError
from velveteen.tensors import Tensor, TensorLike, copy_to_store
from velveteen.variables import Variable


class ValueAndGrad(NamedTuple):
    """What `value_and_grad` returns."""

    value: Tensor
    grad: Tensor


class ValueAndGrads(NamedTuple):
    """What `value_and_grads` returns."""

    value: Tensor
    grads: list[Tensor]


class VariableGrads(NamedTuple):
    """What `variable_grads` returns: the value, and the gradients by the variables' names."""

    value: Tensor
    grads: dict[str, Tensor]


def grad(f: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """Returns the function that computes df(x)/dx; when f returns more than a scalar, of its sum.

    Args:
        f: takes one tensor, returns a tensor.

    Returns:
        A function of x and, optionally, dy (of f's output shape: the gradient from above).
    """
    return lambda x, dy=None: value_and_grads(lambda x: f(x))([x], dy).grads[0]


def grads(f: Callable[..., Tensor]) -> Callable[..., list[Tensor]]:
    """Returns the function that computes the gradients of f with respect to each of its arguments.

    Args:
        f: takes tensors, returns a tensor.

    Returns:
        A function of the list of arguments and, optionally, dy.
    """
    return lambda args, dy=None: value_and_grads(f)(args, dy).grads


def value_and_grad(f: Callable[[Tensor], Tensor]) -> Callable[..., ValueAndGrad]:
    """Returns the function that computes f(x) and its gradient."""

    def both(x: TensorLike, dy: TensorLike = None) -> ValueAndGrad:
        value, gradients = value_and_grads(lambda x: f(x))([x], dy)
        return ValueAndGrad(value, gradients[0])

    return both


def value_and_grads(f: Callable[..., Tensor]) -> Callable[..., ValueAndGrads]:
    """Returns the function that computes f(*args) and its gradients with respect to each of args.

    Raises (when called):
        ArgumentTypeError: args is not a list.
        DtypeError: an argument is not float32 or complex64.
        ArgumentError: f's result does not depend on an argument.
    """

    def both(args: Sequence[TensorLike], dy: TensorLike = None) -> ValueAndGrads:
        if not isinstance(args, list | tuple):
            raise ArgumentTypeError("The gradient of a function of several arguments takes them in a list: g([a, b]).")
        nested = backend.is_recording()
        inputs = [_differentiable(arg, place, nested) for place, arg in enumerate(args)]
        with backend.recording():
            value = _check_result(f(*map(Tensor.wrap, inputs)))
            gradients = _backward(value, inputs, dy, keep_graph=nested)
        missing = [place for place, gradient in enumerate(gradients) if gradient is None]
        if missing:
            raise ArgumentError(
                f"Cannot compute the gradient: f's result does not depend on argument {missing[0]}. "
                "Use the argument inside f, and only velveteen operators."
            )
        return ValueAndGrads(_result(value, nested), [Tensor.wrap(g) for g in gradients if g is not None])

    return both


def variable_grads(f: Callable[[], Tensor], var_list: Sequence[Variable] | None = None) -> VariableGrads:
    """Computes a scalar and its gradients with respect to variables.

    Args:
        f: takes nothing, returns a scalar.
        var_list: the variables; by default all trainable ones that f uses.

    Raises:
        ArgumentError: no trainable variable, or f uses none of them.
        ShapeError: f's result is not a scalar.
    """
    given = var_list is not None
    variables = [v for v in (var_list if given else Variable.trainable_variables()) if v.trainable]  # type: ignore[union-attr]
    if given and not variables:
        raise ArgumentError("variable_grads() expects at least one trainable variable in var_list.")
    plain = [v for v in variables if not _is_weight(v)]
    stores = [v._store for v in plain]
    for variable, store in zip(plain, stores, strict=True):
        if isinstance(store, torch.Tensor) and store.dtype.is_floating_point:
            variable._store = store.detach().requires_grad_(True)
    nested = backend.is_recording()
    try:
        with backend.recording():
            value = _check_result(f())
            if value.rank != 0:
                raise ShapeError(
                    f"f must return a scalar, but its result has shape {value.shape}. Use .mean() or .sum()."
                )
            leaves = [v.parameter if _is_weight(v) else v.value for v in variables]
            if not given:
                used = _leaves_of(value.value)
                kept = [i for i, leaf in enumerate(leaves) if id(leaf) in used]
                variables, leaves = [variables[i] for i in kept], [leaves[i] for i in kept]
            if not leaves:
                raise ArgumentError("f uses no trainable variable, so there is nothing to differentiate.")
            gradients = _backward(value, leaves, None, keep_graph=nested)
    finally:
        for variable, store in zip(plain, stores, strict=True):
            variable._store = store
    if all(gradient is None for gradient in gradients):
        raise ArgumentError("f's result depends on none of the variables. Use them inside f.")
    named = {}
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is not None:
            outside = variable.outside(gradient) if _is_weight(variable) else gradient
            named[str(variable.name)] = Tensor.wrap(outside)
    return VariableGrads(_result(value, nested), named)


def custom_grad(f: Callable[..., Any]) -> Callable[..., Tensor]:
    """Returns f with a gradient of its own.

    Args:
        f: takes tensors and, last, `save` (a function that remembers tensors for the gradient); returns an object or
            dict with `value`, a Tensor, and `grad_func`, which takes dy and the list of saved tensors and returns the
            gradient for each argument.
    """

    class _Custom(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, *stores: torch.Tensor) -> torch.Tensor:
            saved: list[Tensor] = []
            answer = f(*[Tensor.wrap(store.detach()) for store in stores], lambda tensors: saved.extend(tensors))
            value, context.grad_func = _value_and_function(answer)
            context.saved = saved
            context.places = len(stores)
            return value.value.clone()

        @staticmethod
        def backward(context: Any, *dy: torch.Tensor) -> Any:
            answer = context.grad_func(Tensor.wrap(dy[0]), context.saved)
            gradients = list(answer) if isinstance(answer, list | tuple) else [answer]
            if len(gradients) != context.places:
                raise ArgumentError(
                    f"grad_func must return {context.places} gradients, one an argument, but returned {len(gradients)}."
                )
            return tuple(gradient.value for gradient in gradients)

    def call(*args: TensorLike) -> Tensor:
        stores = [arg.value if isinstance(arg, Tensor) else copy_to_store(arg) for arg in args]
        return Tensor.wrap(_Custom.apply(*stores))

    return call


def _value_and_function(answer: Any) -> tuple[Tensor, Callable[..., Any]]:
    if isinstance(answer, dict):
        value, function = answer.get("value"), answer.get("grad_func")
    elif isinstance(answer, tuple) and len(answer) == 2:
        value, function = answer
    else:
        value, function = getattr(answer, "value", None), getattr(answer, "grad_func", None)
    if not isinstance(value, Tensor) or not callable(function):
        raise ArgumentTypeError(
            'The function given to custom_grad() must return {"value": a Tensor, "grad_func": a function of dy and saved}.'
        )
    return value, function


def _differentiable(arg: TensorLike, place: int, nested: bool) -> torch.Tensor:
    store = arg.value if isinstance(arg, Tensor) else copy_to_store(arg)
    if not isinstance(store, torch.Tensor) or not (store.dtype.is_floating_point or store.dtype.is_complex):
        kind = arg.dtype if isinstance(arg, Tensor) else "that"
        raise DtypeError(
            f'Argument {place} is {kind}: gradients exist for float32 and complex64. Use .cast("float32").'
        )
    if nested and store.requires_grad:
        return store.view_as(store)  # stays part of the outer function's graph
    return store.detach().requires_grad_(True)


def _check_result(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(
            f"The function to differentiate must return a Tensor, but returned {type(value).__name__}."
        )
    return value


def _backward(
    value: Tensor, inputs: list[torch.Tensor], dy: TensorLike, keep_graph: bool
) -> tuple[torch.Tensor | None, ...]:
    store = value.value
    if not store.requires_grad:
        return (None,) * len(inputs)
    above: Any = torch.ones_like(store)
    if dy is not None:
        above = dy.value if isinstance(dy, Tensor) else copy_to_store(dy)
        if above.shape != store.shape:
            raise ShapeError(
                f"dy has shape {list(above.shape)}, but f's result has shape {list(store.shape)}. Make them equal."
            )
    return torch.autograd.grad(store, inputs, above, create_graph=keep_graph, allow_unused=True)


def _result(value: Tensor, nested: bool) -> Tensor:
    return value if nested else Tensor.wrap(value.value.detach())


def _is_weight(variable: Variable) -> bool:
    return hasattr(variable, "parameter")


def _leaves_of(value: torch.Tensor) -> set[int]:
    """Returns the ids of the leaves that a torch tensor was computed from."""
    leaves, seen, todo = set(), set(), [value.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            leaves.add(id(node.variable))
        todo.extend(next_node for next_node, _ in node.next_functions)
    return leaves
