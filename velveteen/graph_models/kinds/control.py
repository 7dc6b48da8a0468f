"""Nodes that call functions: If and While."""

from typing import Any

from velveteen.graph_models.kinds._reading import one
from velveteen.graph_models.program import as_numbers
from velveteen.graph_models.registry import Call, Function, kind


@kind("If", "StatelessIf", outputs=("output",), many=True)
def choose(call: Call) -> Function:
    branches = {
        True: call.scope.function(call.attributes.function("then_branch")),
        False: call.scope.function(call.attributes.function("else_branch")),
    }

    def compute(condition: Any, *arguments: Any) -> list[Any]:
        return branches[_is_true(condition)](list(arguments))

    return compute


@kind("While", "StatelessWhile", outputs=("output",), many=True)
def repeat(call: Call) -> Function:
    condition = call.scope.function(call.attributes.function("cond"))
    body = call.scope.function(call.attributes.function("body"))

    def compute(*arguments: Any) -> list[Any]:
        values = list(arguments)
        while _is_true(condition(values)[0]):
            values = body(values)
        return values

    return compute


def _is_true(condition: Any) -> bool:
    return bool(one(as_numbers(condition.reshape(-1))))
