"""From symbolic tensors to a flat program: which layers there are, in which order, from which slot to which.

A program is compiled once; running it walks a list.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from velveteen.errors import ArgumentError
from velveteen.layers import Layer, SymbolicTensor
from velveteen.layers._failing import explain
from velveteen.layers._graph import Node
from velveteen.layers.base import is_shape_list
from velveteen.models._late_relu import with_late_relu
from velveteen.tensors import Shape


class Step(NamedTuple):
    """One call of a layer in a program."""

    layer: Any  # a Layer, or another way to compute it
    inputs: tuple[int, ...]  # slots
    outputs: tuple[int, ...]
    arguments: dict[str, Any]
    as_list: bool  # the layer takes its inputs as a list
    last_use: tuple[int, ...]  # slots that nobody reads afterwards


class Graph:
    """The calls between some symbolic inputs and outputs.

    Args:
        inputs, outputs: symbolic tensors; each output must be computable from the inputs.

    Attributes:
        nodes: the calls, in an order in which they can be computed.
        layers: each layer once, in the order of TensorFlow.js's files: by depth, the inputs first.

    Raises:
        ArgumentError: an output that needs an input which is not among `inputs`, or a cycle.
    """

    def __init__(self, inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor]):
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.nodes, visits = _topological(self.inputs, self.outputs)
        self.layers = _by_depth(self.nodes, visits)
        self.steps, self._input_slots, self._output_slots, self._slot_count = self._compile()
        self.has_masks = any(tensor.masked for node in self.nodes for tensor in node.outputs)

    def _compile(self) -> tuple[list[Step], list[int], list[int], int]:
        slots: dict[int, int] = {id(tensor): slot for slot, tensor in enumerate(self.inputs)}
        drafts = []
        for node in self.nodes:
            if all(id(tensor) in slots for tensor in node.outputs):
                continue  # an input layer, whose value is given
            for tensor in node.outputs:
                slots.setdefault(id(tensor), len(slots))
            drafts.append(node)
        output_slots = [slots[id(tensor)] for tensor in self.outputs]
        steps: list[Step] = []
        read_later = set(output_slots)
        for node in reversed(drafts):
            inputs = tuple(slots[id(tensor)] for tensor in node.inputs)
            done = tuple(slot for slot in dict.fromkeys(inputs) if slot not in read_later)
            read_later.update(inputs)
            as_list = len(inputs) > 1 or node.layer.inputs_are_many
            results = tuple(slots[id(tensor)] for tensor in node.outputs)
            steps.append(Step(node.layer, inputs, results, node.arguments, as_list, done))
        steps.reverse()
        return steps, list(range(len(self.inputs))), output_slots, len(slots)

    def run(self, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Computes the outputs from torch tensors, one an input."""
        if self.has_masks:
            return self.run_masked(inputs, [None] * len(inputs))[0]
        values: list[Any] = [*inputs, *[None] * (self._slot_count - len(inputs))]
        layer = given = None
        try:
            for layer, sources, targets, arguments, as_list, last_use in self.steps:
                given = [values[slot] for slot in sources] if as_list else values[sources[0]]
                result = layer(given, **arguments)
                for slot in last_use:
                    values[slot] = None
                if len(targets) == 1:
                    values[targets[0]] = result
                else:
                    for slot, part in zip(targets, result, strict=True):
                        values[slot] = part
        except Exception as error:
            explain(layer, given, error)
        return [values[slot] for slot in self._output_slots]

    def run_masked(
        self, inputs: Sequence[torch.Tensor], input_masks: Sequence[torch.Tensor | None]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor | None]]:
        """As `run`, with masks flowing along; returns the outputs and their masks."""
        values: list[Any] = [*inputs, *[None] * (self._slot_count - len(inputs))]
        masks: list[Any] = [*input_masks, *[None] * (self._slot_count - len(inputs))]
        layer = given = None
        try:
            for layer, sources, targets, arguments, as_list, _ in self.steps:
                given = [values[slot] for slot in sources] if as_list else values[sources[0]]
                mask = [masks[slot] for slot in sources] if as_list else masks[sources[0]]
                some = any(masks[slot] is not None for slot in sources)
                takes_mask = some and layer._call_takes_mask and "mask" not in arguments
                result = layer(given, mask=mask, **arguments) if takes_mask else layer(given, **arguments)
                passed = layer.compute_mask(given, mask if some else None) if some or layer.makes_mask else None
                results = [result] if len(targets) == 1 else result
                passed_masks = passed if isinstance(passed, list) else [passed] + [None] * (len(targets) - 1)
                for slot, part, part_mask in zip(targets, results, passed_masks, strict=False):
                    values[slot], masks[slot] = part, part_mask
        except Exception as error:
            explain(layer, given, error)
        return [values[slot] for slot in self._output_slots], [masks[slot] for slot in self._output_slots]

    def for_training(self, logits: Sequence[int]) -> "Graph":
        """Returns this graph as training computes it: relu behind poolings, and some outputs without their softmax.

        Args:
            logits: places among the outputs, each with `has_logits`.
        """
        if self.has_masks:
            return self
        graph = copy.copy(self)
        slots = {self._output_slots[place] for place in logits}
        graph.steps = [
            step._replace(layer=step.layer.before_softmax) if step.outputs[0] in slots else step
            for step in with_late_relu(self.steps, self._output_slots)
        ]
        return graph

    def has_logits(self, output: int) -> bool:
        """Returns whether an output comes from a softmax and is used for nothing else."""
        slot = self._output_slots[output]
        makers = [step.layer for step in self.steps if slot in step.outputs]
        used_again = self._output_slots.count(slot) > 1 or any(slot in step.inputs for step in self.steps)
        return bool(makers) and makers[0].before_softmax is not None and not used_again and not self.has_masks

    def output_shapes(self, input_shapes: Sequence[Shape]) -> list[Shape]:
        """Returns the outputs' shapes for inputs of these shapes."""
        shapes: list[Any] = [*input_shapes, *[None] * (self._slot_count - len(input_shapes))]
        for step in self.steps:
            given = [shapes[slot] for slot in step.inputs] if step.as_list else shapes[step.inputs[0]]
            result: Any = step.layer.compute_output_shape(given)
            for slot, shape in zip(step.outputs, result if is_shape_list(result) else [result], strict=True):
                shapes[slot] = Shape(shape)
        return [shapes[slot] for slot in self._output_slots]


def _topological(inputs: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> tuple[list[Node], dict[Layer, int]]:
    """Returns the nodes that the outputs need, producers first, and the order in which layers are first met.

    Written without recursion, since a model from a file may be thousands of layers deep.
    """
    given = {id(tensor) for tensor in inputs}
    order: list[Node] = []
    state: dict[int, str] = {}
    visits: dict[Layer, int] = {}
    for output in outputs:
        stack: list[tuple[SymbolicTensor, bool]] = [(output, False)]
        while stack:
            tensor, children_done = stack.pop()
            node = tensor.node
            if node is None:
                raise ArgumentError(f"{tensor!r} was made by no layer. Use vt.input() or what layer.apply() returns.")
            if children_done:
                if state[id(node)] != "done":
                    state[id(node)] = "done"
                    order.append(node)
                continue
            if state.get(id(node)) == "done":
                continue
            if state.get(id(node)) == "open":
                raise ArgumentError(f'The graph has a cycle at layer "{node.layer.name}".')
            state[id(node)] = "open"
            visits.setdefault(node.layer, len(visits))
            if not node.inputs and id(tensor) not in given:
                raise ArgumentError(
                    f'The outputs need the input "{node.layer.name}", which is not among the inputs of the model. '
                    "Add it to inputs."
                )
            stack.append((tensor, True))
            if id(tensor) not in given:
                stack.extend((source, False) for source in reversed(node.inputs))
    unused = [tensor for tensor in inputs if tensor.node is not None and tensor.node not in order]
    for tensor in unused:  # an input that no output needs is still an input
        assert tensor.node is not None
        order.insert(0, tensor.node)
        visits.setdefault(tensor.node.layer, len(visits))
    return order, visits


def _by_depth(nodes: list[Node], visits: dict[Layer, int]) -> list[Layer]:
    """Returns the layers, deepest (furthest from the outputs) first: the order of TensorFlow.js's `model.layers`."""
    node_depths: dict[int, int] = {}
    layer_depths: dict[Layer, int] = {}
    for node in reversed(nodes):
        depth = max(node_depths.get(id(node), 0), layer_depths.get(node.layer, 0))
        node_depths[id(node)] = layer_depths[node.layer] = depth
        for tensor in node.inputs:
            if tensor.node is not None:
                node_depths[id(tensor.node)] = max(depth + 1, node_depths.get(id(tensor.node), 0))
    return sorted(layer_depths, key=lambda layer: (-layer_depths[layer], visits[layer]))
