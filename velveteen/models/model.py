"""Model: layers connected from inputs to outputs, to be trained, asked and saved."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Self

import torch

from velveteen.errors import StateError
from velveteen.layers import SymbolicTensor
from velveteen.models.container import _Container, symbolic_list
from velveteen.models.optimized import OptimizedModel, optimize
from velveteen.models.stepping import SequenceStepper
from velveteen.models.topology import functional_config, functional_from_config
from velveteen.tensors import Tensor, TensorLike
from velveteen.training import loop
from velveteen.training.arrays import predict_inputs
from velveteen.training.callback import yielding
from velveteen.training.callbacks import History
from velveteen.training.compilation import Compilation


class Model(_Container):
    """A model: layers connected by `apply`, from symbolic inputs to symbolic outputs.

    A model is a layer itself, so it can be called inside of another one; and an nn.Module.

    Args:
        inputs: what `vt.input` returned, or a list.
        outputs: what the last `layer.apply` returned, or a list.
        name: by default "model_1", "model_2", …

    Raises:
        ArgumentError: an output that cannot be computed from the inputs, or two layers of one name.
    """

    class_name = "Model"
    stop_training: bool = False
    """Set it while `fit` runs, and training ends after the batch at hand."""

    def __init__(
        self,
        inputs: SymbolicTensor | Sequence[SymbolicTensor] | None = None,
        outputs: SymbolicTensor | Sequence[SymbolicTensor] | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ):
        super().__init__(name=name, trainable=trainable)
        self.history: History | None = None
        self._compilation: Compilation | None = None
        if type(self) is Model or inputs is not None:
            self.connect(symbolic_list(inputs, "inputs"), symbolic_list(outputs, "outputs"))

    # Asking

    def predict(self, x: Any, batch_size: int = 32, verbose: bool = False) -> Any:
        """Computes the outputs.

        Args:
            x: one tensor-like a model input, the batch first: a single one, a list, or a dict by input names.
            batch_size: how many examples to compute at once; the results do not depend on it.
            verbose: whether to show progress.

        Returns:
            A Tensor, or a list of them for several outputs.

        Raises:
            ShapeError, DtypeError, ArgumentError: x does not fit the inputs.
        """
        return loop.predict(self, predict_inputs(self, x, in_batches=True), batch_size, verbose)

    def predict_on_batch(self, x: Any) -> Any:
        """As `predict`, in a single batch."""
        inputs = predict_inputs(self, x)
        return loop.predict(self, inputs, inputs[0].shape[0], False)

    def stepper(self) -> SequenceStepper:
        """Returns what computes this recurrent model step after step, for text written letter by letter or live sound.

        `output, state = step(x)` begins; `output, state = step(x, state)` goes on (see SequenceStepper).

        Raises:
            ArgumentError: a layer that looks at several steps, or a mask.
            StateError: the model is not built yet.
        """
        return SequenceStepper(self)

    def optimize(
        self, example: Any = None, *, precision: str = "auto", tolerance: float = 0.01, seconds: float = 1.0
    ) -> OptimizedModel:
        """Returns a fast copy of this model that only predicts: `model.optimize(example).predict(x)`.

        The weights are copied, and batch normalization becomes part of the layer before it. Then several ways to compute
        are tried on the example: PyTorch in float32 and in bfloat16, and, where it is installed (extra `inference`),
        onnxruntime in float32 and in integers of 8 bits. The fastest whose answers are those of `predict` is kept;
        `.report` tells what was tried.

        Args:
            example: as for `predict`, with as many examples as will be asked about at once; by default one of random
                numbers, with which bfloat16 and int8 are not tried.
            precision: "float32", "bfloat16", "int8", or "auto": whichever is faster.
            tolerance: by how much answers in bfloat16 or int8 may differ on the example, as part of the largest answer.
            seconds: how long to measure.

        Raises:
            ArgumentError: an unknown precision, a stateful model, or nothing that is exact enough.
            ShapeError: the example does not fit, or one is needed since the model takes examples of any size.
        """
        return optimize(self, example, precision, tolerance, seconds)

    # Training

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        *,
        loss_weights: Any = None,
        precision: str = "float32",
        apply_constraints: bool = False,
        distributed: str = "auto",
        sync_batch_normalization: bool = False,
    ) -> None:
        """Says how to train.

        Args:
            optimizer: a name ("adam", "sgd", …) or what `vt.train.adam(…)` returns.
            loss: a name ("categoricalCrossentropy", "meanSquaredError", …) or a function of (y_true, y_pred); for
                several outputs also a list, or a dict by the outputs' names.
            metrics: a name, a function, a list of them, or a dict by the outputs' names.
            loss_weights: what each output's loss counts, as a list or dict; 1 by default.
            precision: "float32"; "bfloat16", which computes layers in bfloat16 but keeps the weights, the loss and
                the optimizer in float32; or "auto", bfloat16 where the machine is fast at it.
            apply_constraints: whether the layers' constraints hold after every step. TensorFlow.js, whose numbers are
                the default, applies them only when weights are set.
            distributed: what happens in several processes that torchrun started: "ddp", where each has the whole model;
                "fsdp", which divides the weights among them, for a model that does not fit into one; "alone", where
                each trains without the others; or "auto", which is "ddp". With a single process it says nothing.
            sync_batch_normalization: whether batch normalization takes its mean and variance from the whole batch
                rather than from each process's part.

        Raises:
            UnknownNameError: a misspelt name.
            ArgumentError: no loss, or another number of losses than outputs.
        """
        self._compilation = Compilation(
            optimizer,
            loss,
            metrics,
            loss_weights,
            precision,
            apply_constraints,
            distributed,
            sync_batch_normalization,
        )
        if self._graph is not None:
            self._compilation.resolve(self)

    @property
    def compilation(self) -> Compilation:
        """What `compile` was told, or a StateError."""
        if self._compilation is None:
            raise StateError(
                f'Model "{self.name}" is not compiled. Call model.compile(optimizer="adam", loss="…") before training.'
            )
        return self._compilation

    @property
    def optimizer(self) -> Any:
        return self.compilation.optimizer

    @property
    def loss(self) -> Any:
        return self.compilation.loss

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns: "loss", then the metrics."""
        return self.compilation.resolve(self).names

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: bool | int = True,
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        yield_every: str | float = "auto",
    ) -> History:
        """Trains the model.

        Ctrl-C ends the training after the batch at hand and keeps what was learned.

        Args:
            x, y: one tensor-like a model input and output, examples first: a single one, a list, or a dict by names.
            batch_size: examples a step.
            epochs: how often to go through the data (with `initial_epoch`, the number at which to stop).
            verbose: whether to show progress: a bar in a terminal, else a line an epoch.
            callbacks: callbacks, or dicts of functions by hook name.
            validation_split: the part of the data, at its end, that is kept for validation (0 to 1).
            validation_data: (x, y) to validate on after each epoch.
            shuffle: whether to draw the examples in another order each epoch.
            class_weight: what each class counts, {class: weight}; a list or dict of those for several outputs.
            sample_weight: what each example counts.
            initial_epoch: the number of the first epoch.
            yield_every: how often the callback `on_yield` is called: every so many milliseconds, "auto" for 125, and
                "batch", "epoch" or "never" for not at all, as in TensorFlow.js.

        Returns:
            The history: `history.epoch`, and `history.history` with a list a metric.

        Raises:
            StateError: the model is not compiled, or is training already.
            ShapeError, DtypeError, DataError, ArgumentError: data that does not fit; nothing was trained.
        """
        return loop.fit(
            self,
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=yielding(callbacks, yield_every),
            validation_split=validation_split,
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
        )

    async def fit_async(self, x: Any, y: Any, **options: Any) -> History:
        """Awaitable `fit`, which runs in a worker thread. Cancelling it ends the training after the batch at hand."""
        return await self._in_thread(self.fit, x, y, **options)

    async def fit_dataset_async(self, dataset: Any, **options: Any) -> History:
        """Awaitable `fit_dataset`, as `fit_async` is of `fit`."""
        return await self._in_thread(self.fit_dataset, dataset, **options)

    async def _in_thread(self, fit: Callable[..., History], *arguments: Any, **options: Any) -> History:
        training = asyncio.ensure_future(asyncio.to_thread(fit, *arguments, **options))
        try:
            return await asyncio.shield(training)
        except asyncio.CancelledError:
            self.stop_training = True
            await asyncio.wait([training])
            raise

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        *,
        verbose: bool = False,
        sample_weight: TensorLike = None,
    ) -> Any:
        """Computes the loss and the metrics on data.

        Returns:
            A scalar Tensor, the loss; or a list, the loss first, when there are metrics (see `metrics_names`).

        Raises: as `fit`.
        """
        values = loop.evaluate(self, x, y, batch_size, verbose, sample_weight)
        scalars = [Tensor(value) for value in values]
        return scalars[0] if len(scalars) == 1 else scalars

    def fit_dataset(
        self,
        dataset: Any,
        *,
        epochs: int = 1,
        batches_per_epoch: int | None = None,
        verbose: bool | int = True,
        callbacks: Any = None,
        validation_data: Any = None,
        validation_batches: int | None = None,
        validation_batch_size: int = 32,
        class_weight: Any = None,
        initial_epoch: int = 0,
        yield_every: str | float = "auto",
    ) -> History:
        """Trains the model on a dataset of batches, which a thread makes ready while the step before runs.

        Args:
            dataset: a `vt.data.Dataset` (or anything to loop over) of `{"xs": x, "ys": y}` or `(x, y)`, batched; x and
                y are as for `fit`.
            epochs, verbose, callbacks, class_weight, initial_epoch, yield_every: as for `fit`.
            batches_per_epoch: batches in an epoch, all epochs together going through the dataset once (so repeat() it);
                by default each epoch goes through all of it.
            validation_data: a dataset, or (x, y), to validate on after each epoch.
            validation_batches: how many batches of such a dataset to take; all by default.
            validation_batch_size: examples at once, for (x, y).

        Raises: as `fit`; the number of the batch that does not fit is told.
        """
        return loop.fit_dataset(
            self,
            dataset,
            epochs=epochs,
            batches_per_epoch=batches_per_epoch,
            verbose=verbose,
            callbacks=yielding(callbacks, yield_every),
            validation_data=validation_data,
            validation_batches=validation_batches,
            validation_batch_size=validation_batch_size,
            class_weight=class_weight,
            initial_epoch=initial_epoch,
        )

    def evaluate_dataset(self, dataset: Any, *, batches: int | None = None, verbose: bool = False) -> Any:
        """As `evaluate`, on a dataset of batches (see `fit_dataset`): on all of them, or on the first so many."""
        scalars = [Tensor(value) for value in loop.evaluate_dataset(self, dataset, batches, verbose)]
        return scalars[0] if len(scalars) == 1 else scalars

    def train_on_batch(self, x: Any, y: Any) -> Any:
        """Does one training step on one batch; returns the loss as a float, or the loss and the metrics as a list."""
        values = loop.train_on_batch(self, x, y)
        return values[0] if len(values) == 1 else values

    # Saving

    def save(self, target: Any, *, include_optimizer: bool | None = None, trainable_only: bool = False) -> Any:
        """Writes the model as TensorFlow.js does: model.json and the weights beside it.

        Args:
            target: a folder, or a handler of `velveteen.io`.
            include_optimizer: True writes how the model was compiled and what the optimizer remembers, so that training
                goes on after loading as if it had not stopped; False writes neither. By default only the first.
            trainable_only: whether to leave out the weights that `fit` does not change. Such a file is loaded with
                `strict=False`.

        Raises:
            StateError: the model is not built yet.
            ArgumentError: the target cannot be written to.
        """
        from velveteen.models.saving import save_model  # it knows the models, so it is imported when needed

        return save_model(self, target, include_optimizer=include_optimizer, trainable_only=trainable_only)

    def get_config(self) -> dict[str, Any]:
        return functional_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        inputs, outputs = functional_from_config(config)
        return cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))

    def get_training_config(self) -> dict[str, Any] | None:
        """Returns TensorFlow.js's `trainingConfig`, or None when the model is not compiled."""
        return None if self._compilation is None else self._compilation.get_config()

    def compile_from_config(self, training_config: dict[str, Any]) -> None:
        """Compiles the model as a file's `trainingConfig` says."""
        self._compilation = Compilation.from_config(training_config)
        if self._graph is not None:
            self._compilation.resolve(self)

    def to_json(self) -> dict[str, Any]:
        """Returns the topology as it stands in model.json."""
        return {"class_name": self.class_name, "config": self.get_config()}

    def to_torch(self) -> torch.nn.Module:
        """Returns the PyTorch module, which is this model itself.

        It takes torch tensors shaped as `inputs` say, channels last (a list for several inputs), and returns torch
        tensors. `state_dict()` has the weights in PyTorch's layouts.
        """
        return self


LayersModel = Model


def model(inputs: Any, outputs: Any, name: str | None = None) -> Model:
    """Connects symbolic inputs and outputs to a model (see Model)."""
    return Model(inputs, outputs, name=name)
