"""Training that goes on where a crash has ended it: everything it depends on, in a folder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from velveteen.errors import ArgumentError, FileFormatError
from velveteen.io.artifacts import ModelArtifacts, buffers
from velveteen.io.folders import FolderHandler
from velveteen.io.weights import decode_weights, encode_weights
from velveteen.layers.weights import fill
from velveteen.tensors import Tensor
from velveteen.training.arrays import Arrays
from velveteen.training.callback import Callback, Logs
from velveteen.training.optimizer_state import backup_state, restore_state
from velveteen.training.ranks import Alone, set_own_random_state
from velveteen.training.step import Meter, Stepper

_KEY = "velveteen_training"
_GROUP = "optimizer"
"""What TensorFlow.js calls weights that are not the model's, so that it can load the folder too."""
_LENGTH_BYTES = 8


class Place:
    """Where training is.

    Attributes:
        epoch: the epoch, counted from 0, and
        batch: how many of its batches are done.
        meter: what was measured in them.
        order: the state of the common random generator before the epoch's order was drawn.
        own_random: the state of this process's generators after those batches, where training goes on from a file.
    """

    def __init__(self, epoch: int):
        self.epoch = epoch
        self.batch = 0
        self.is_interrupted = False
        self.meter = Meter()
        self.order = torch.empty(0)
        self.own_random: torch.Tensor | None = None

    def enter(self, epoch: int, model: Any, feed: Any, ranks: Alone) -> Iterator[Arrays]:
        """Returns the batches that the epoch still has."""
        if not self.batch:
            self.epoch, self.meter, self.order = epoch, Meter(), ranks.common_random_state()
            return feed.epoch()
        ranks.set_common_random_state(self.order)
        batches = feed.epoch()
        for _ in range(self.batch):
            next(batches, None)
        if self.own_random is not None:
            set_own_random_state(model, self.own_random)
        return batches

    def leave(self, is_interrupted: bool) -> None:
        """Ends the epoch; Ctrl-C may have ended it early."""
        self.is_interrupted = is_interrupted
        self.epoch += 1
        self.batch = 0


class BackupAndRestore(Callback):
    """Writes all that training depends on into a folder, from which the next `fit` goes on as if nothing had happened.

    That is: weights, the optimizer's memory, the place in the data, random generators, the history and what callbacks
    remember. A `fit` that ends by itself removes the folder; one that was killed, or stopped by Ctrl-C, leaves it.
    The folder is a model as `model.save` writes it, never half-written.

    Args:
        folder: where to. With several machines one that all of them see.
        every_batches: after how many batches it is written too; by default after each epoch only.
    """

    def __init__(self, folder: str | Path, every_batches: int | None = None):
        if every_batches is not None and (not isinstance(every_batches, int) or every_batches < 1):
            raise ArgumentError(f"every_batches must be a positive integer, got {every_batches!r}.")
        self.folder = Path(folder)
        self.every_batches = every_batches
        self._handler = FolderHandler(self.folder)

    def handles(self, hook: str) -> bool:
        return super().handles(hook) and (hook != "on_batch_end" or self.every_batches is not None)

    @property
    def wants_batch_logs(self) -> bool:
        return False

    def restore(self, stepper: Stepper, ranks: Alone, place: Place, callbacks: list[Any]) -> None:
        """Brings the model and all that belongs to its training to where the folder says, if there is one."""
        self._stepper, self._ranks, self._place, self._callbacks = stepper, ranks, place, callbacks
        content = ranks.from_first(self._read)
        if content:
            end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
            about = json.loads(content[_LENGTH_BYTES:end])
            self._apply(about["training"], decode_weights(content[end:], about["specs"]))

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if self.every_batches and (batch + 1) % self.every_batches == 0:
            self._write()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if not self._place.is_interrupted:  # the epoch is not whole: the last backup stays
            self._write()

    def remove(self) -> None:
        """Removes the folder: training is done."""
        if self._ranks.is_first and self._handler.file.exists():
            self._handler.remove()

    def _write(self) -> None:
        self._ranks.gather_statistics(self.model)
        about, tensors = self._state()
        caught = _Catch()
        self.model.save(caught, include_optimizer=False)
        if caught.artifacts is None:  # not the process that writes
            return
        more = encode_weights(tensors, _GROUP)
        artifacts = caught.artifacts
        artifacts.weight_specs = [*(artifacts.weight_specs or []), *more.specs]
        artifacts.weight_data = [*buffers(artifacts.weight_data or b""), more.data]
        # As one text, since JSON itself knows no infinity, which a callback's best figure starts from.
        artifacts.user_defined_metadata = {**(artifacts.user_defined_metadata or {}), _KEY: json.dumps(about)}
        self._handler.save(artifacts)

    def _read(self) -> bytes:
        """Returns the length of a JSON text, the text, and the tensors; nothing where there is no folder."""
        if not self._handler.file.exists():
            return b""
        artifacts = self._handler.load()
        training = (artifacts.user_defined_metadata or {}).get(_KEY)
        if training is None:
            raise FileFormatError(
                f"{self.folder} holds a model, but not one in training. Give BackupAndRestore a folder of its own."
            )
        text = json.dumps({"training": json.loads(training), "specs": artifacts.weight_specs}).encode()
        return len(text).to_bytes(_LENGTH_BYTES, "little") + text + b"".join(buffers(artifacts.weight_data or b""))

    def _state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        ranks, place = self._ranks, self._place
        tensors: dict[str, Any] = {
            "random/own": ranks.random_state(self.model).int(),
            "random/common": ranks.common_random_state().int(),
            "random/order": place.order.int(),
        }
        sums, count = ranks.totals(place.meter)
        states: list[dict[str, Any]] = []
        for number, callback in enumerate(self._callbacks):
            state = dict(callback.get_state()) if isinstance(callback, Callback) else {}
            weights = state.pop("weights", None)
            for at, weight in enumerate(weights or []):
                tensors[f"callback/{number}/{at}"] = weight
            states.append({"class": type(callback).__name__, "state": state, "weights": len(weights or [])})
        about = {
            "epoch": place.epoch,
            "batch": place.batch,
            "sums": sums.tolist(),
            "count": count,
            "stopped": bool(self.model.stop_training),
            "learning_rate": self.model.optimizer.learning_rate,
            "callbacks": states,
            "optimizer": None,
        }
        if self._stepper.optimizer is not None:
            remembered, about["optimizer"] = backup_state(self._stepper)
            tensors |= {f"optimizer/{name}": tensor for name, tensor in remembered.items()}
        return about, tensors

    def _apply(self, about: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        extra = ("random/", "callback/", "optimizer/")
        own = [tensor for name, tensor in tensors.items() if not name.startswith(extra)]
        weights = self.model.weights
        if [weight.shape for weight in weights] != [tensor.shape for tensor in own]:
            raise FileFormatError(
                f"{self.folder} is the backup of another model: its weights have other shapes. "
                "Remove the folder to begin anew, or name another one."
            )
        with torch.no_grad():
            for weight, tensor in zip(weights, own, strict=True):
                fill(weight.parameter, weight.inside(tensor.value))
        self.model.optimizer.learning_rate = about["learning_rate"]
        if about["optimizer"] is not None and self._stepper.optimizer is not None:
            remembered = {
                name.removeprefix("optimizer/"): tensor.value
                for name, tensor in tensors.items()
                if name.startswith("optimizer/")
            }
            restore_state(self._stepper, remembered, about["optimizer"])
        for number, (callback, kept) in enumerate(zip(self._callbacks, about["callbacks"], strict=False)):
            if isinstance(callback, Callback) and type(callback).__name__ == kept["class"]:
                state = dict(kept["state"])
                if kept["weights"]:
                    state["weights"] = [tensors[f"callback/{number}/{at}"] for at in range(kept["weights"])]
                callback.set_state(state)
        self.model.stop_training = about["stopped"]
        self._apply_place(about, tensors)

    def _apply_place(self, about: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        ranks, place = self._ranks, self._place
        place.epoch, place.batch = about["epoch"], about["batch"]
        place.order = _bytes(tensors["random/order"])
        sums = torch.tensor(about["sums"], device=self.model.weights[0].parameter.device)
        place.meter.state = (sums, about["count"]) if ranks.is_first else (torch.zeros_like(sums), 0)
        ranks.set_common_random_state(_bytes(tensors["random/common"]))
        own = _bytes(tensors["random/own"])
        if own.shape[0] == ranks.count:
            place.own_random = own[ranks.index]
            set_own_random_state(self.model, place.own_random)


class _Catch:
    """Takes a model's artifacts instead of writing them."""

    artifacts: ModelArtifacts | None = None

    def save(self, artifacts: ModelArtifacts) -> None:
        self.artifacts = artifacts


def _bytes(tensor: Tensor) -> torch.Tensor:
    return tensor.value.to("cpu", torch.uint8)
