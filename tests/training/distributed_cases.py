"""Trainings that one process and two must do alike. Run by torchrun, it writes what each process found.

Usage: torchrun … -m tests.training.distributed_cases FOLDER
"""

import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

import velveteen as vt
from velveteen.recipes.formatter import main as formatter
from velveteen.recipes.formatter.languages import LANGUAGES
from velveteen.recipes.writer import data as writer_data
from velveteen.recipes.writer import main as writer
from velveteen.training import compilation, ranks

layers = vt.layers
random = np.random.default_rng(0)
COUNT = 23  # no multiple of the batch, and the last batch of no two processes
X = random.normal(size=(COUNT, 6)).astype(np.float32)
LABELS = random.integers(3, size=COUNT)
Y = np.eye(3, dtype=np.float32)[LABELS]
BINARY = (LABELS == 0).astype(np.float32)[:, None]
WEIGHTS = random.uniform(0.1, 3, size=COUNT).astype(np.float32)
PICTURES = random.normal(size=(COUNT, 6, 6, 1)).astype(np.float32)


def dense(**options):
    vt.set_random_seed(3)
    model = vt.sequential(
        [
            layers.dense(7, activation="relu", input_shape=[6], kernel_regularizer="l2"),
            layers.dense(5, activation="tanh"),
            layers.dense(3, activation="softmax"),
        ]
    )
    settings = {"optimizer": vt.train.adam(0.02), "loss": "categoricalCrossentropy", "metrics": ["accuracy"]}
    model.compile(**(settings | options))
    return model


def result(model, history=None, **more):
    weights = [weight.tolist() for weight in (w.data_sync() for w in model.get_weights())]
    return {"weights": weights, "history": history.history if history else {}, **more}


def uneven_batches(**options):
    """Sample and class weights, validation, uneven batches; the last one has a single example."""
    model = dense(**options)
    history = model.fit(
        X[:21],
        Y[:21],
        batch_size=5,
        epochs=3,
        sample_weight=WEIGHTS[:21],
        class_weight={0: 2.0, 2: 0.5},
        validation_data=(X, Y),
        verbose=False,
    )
    figures = [figure.data_sync()[0] for figure in model.evaluate(X, Y, batch_size=4)]
    return result(
        model,
        history,
        evaluated=[float(figure) for figure in figures],
        predicted=model.predict(X, batch_size=4).array_sync(),
        one=model.predict(X[:1]).array_sync(),
    )


def whole_batch_metrics():
    """Figures of whole batches, which no mean over parts can give; a loss of one's own; SGD, whose steps are gradients."""
    vt.set_random_seed(4)
    model = vt.sequential([layers.dense(4, activation="relu", input_shape=[6]), layers.dense(1, activation="sigmoid")])

    def rounded_precision(y_true, y_pred):
        return vt.metrics.precision(y_true, (y_pred > 0.45).float())

    model.compile(vt.train.sgd(0.5), lambda a, b: (a - b).square().mean(), metrics=["r2Score", rounded_precision])
    history = model.fit(X, BINARY, batch_size=6, epochs=2, validation_split=0.2, verbose=False)
    return result(model, history)


def normalized():
    """Convolutions with batch normalization over the whole batch, in every process."""
    vt.set_random_seed(5)
    model = vt.sequential(
        [
            layers.conv2d(4, 3, activation="relu", input_shape=[6, 6, 1]),
            layers.batch_normalization(),
            layers.flatten(),
            layers.dense(3),
        ]
    )
    model.compile(vt.train.momentum(0.05, 0.9), "meanSquaredError", sync_batch_normalization=True)
    return result(model, model.fit(PICTURES, Y, batch_size=8, epochs=2, verbose=False))


def from_dataset():
    """A dataset drawn in random order with a seed, whose last batch is small."""
    model = dense()
    rows = vt.data.array([{"xs": x, "ys": y} for x, y in zip(X, Y, strict=True)])
    dataset = rows.shuffle(10, seed=7).batch(5)
    history = model.fit_dataset(dataset, epochs=2, validation_data=dataset, verbose=False)
    return result(model, history, evaluated=[float(f.data_sync()[0]) for f in model.evaluate_dataset(dataset)])


def stopped():
    """Callbacks hear the same figures everywhere, so they decide the same; also in the middle of an epoch."""
    model = dense()
    early = vt.callbacks.early_stopping("val_loss", min_delta=1.0, patience=2, restore_best_weights=True)
    history = model.fit(X, Y, batch_size=8, epochs=9, validation_split=0.3, callbacks=early, verbose=False)

    losses = []

    def end_batch(batch, logs):
        losses.append(logs["loss"])
        other.stop_training = batch == 1

    other = dense()
    other.fit(X, Y, batch_size=8, epochs=3, callbacks={"on_batch_end": end_batch}, verbose=False)
    return result(other, history, losses=losses, step=other.train_on_batch(X, Y))


def resumed(folder):
    """Ended by an error in the middle of an epoch, and gone on with from the backup."""

    def fit(model, *callbacks):
        backup = vt.callbacks.BackupAndRestore(folder / "backup", every_batches=2)
        early = vt.callbacks.early_stopping("loss", patience=5, restore_best_weights=True)
        return model.fit(X, Y, batch_size=6, epochs=3, callbacks=[early, backup, *callbacks], verbose=False)

    class Crash(vt.callbacks.Callback):
        batches = 0

        def on_batch_end(self, batch, logs):
            self.batches += 1
            if self.batches == 7:  # one after the backup, in the second epoch
                raise RuntimeError("a crash")

    try:
        fit(dense(), Crash())
    except RuntimeError as error:
        if str(error) != "a crash":
            raise
    again = dense()
    vt.set_random_seed(99)
    return result(again, fit(again))


def sharded():
    """Weights divided among the processes; layers with a regularizer, and before the softmax, among them."""
    return uneven_batches(distributed="fsdp")


CASES = {
    case.__name__: case for case in (uneven_batches, whole_batch_metrics, normalized, from_dataset, stopped, sharded)
}


def dropout_masks():
    """Returns what dropout lets through in this process, with and without a seed of its own."""
    vt.set_random_seed(11)
    masks = []
    for seed in (None, 5):
        inputs = vt.input(shape=[8])
        outputs = layers.dropout(0.5, seed=seed).apply(inputs)
        model = vt.model(inputs, [outputs])
        seen = []
        model.compile("sgd", lambda a, b, seen=seen: (seen.append(b.tolist()), b.mean())[1])
        model.fit(np.ones((8, 8), np.float32), np.ones((8, 8), np.float32), batch_size=8, verbose=False)
        masks.append(seen)
    return masks


def files_written(folder):
    """Writes what callbacks and the model write; only the first process may."""
    model = dense()
    written = folder / f"only-{os.environ['RANK']}"
    model.fit(X, Y, callbacks=[vt.callbacks.CSVLogger(written / "log.csv")], verbose=True)
    model.save(written / "model")
    return sorted(str(path.relative_to(folder)) for path in written.rglob("*") if path.is_file())


def recipes_written(folder):
    """Trains recipes in folders of this process's own; what they wrote there, and the writer's figure."""
    own = folder / f"recipes-{os.environ['RANK']}"
    text = folder / "text.txt"
    (folder / "project").mkdir(exist_ok=True)
    code = folder / "project" / "code.js"
    if os.environ["RANK"] == "0":
        text.write_text("the quick brown fox jumps over the lazy dog. " * 60)
        code.write_text("".join(f"const value{i} = call({i}, {{ key: {i} }});\n" for i in range(60)))
    ranks.common_seed()  # the files are there now
    settings = writer.Settings("window", units=8, layers=1, epochs=2, streams=64, length=10)
    written = writer.train(writer_data.load([text]), settings, out=own / "writer", verbose=False)
    sources, _ = formatter.collect([code], [LANGUAGES["javascript"]])
    formatter.train(sources, epochs=1, out=own / "formatter", verbose=False)
    files = sorted(str(path.relative_to(own)) for path in own.rglob("*") if path.is_file())
    return {"files": files, "nats": written.nats_per_char}


def agreed_precision():
    """What "auto" came to where only the first process finds that it gains from bfloat16; then only the others."""
    found = []
    rank = int(os.environ["RANK"])
    for answer in (rank == 0, rank != 0):
        compilation.gains_from_bfloat16 = lambda answer=answer: answer
        model = dense(precision="auto")
        model.fit(X, Y, verbose=False)
        other = dense(precision="auto")
        other.evaluate(X, Y, batch_size=4)
        found.append([model.compilation.uses_bfloat16(), other.compilation.uses_bfloat16(), result(model)["weights"]])
    return found


def errors():
    """What is said to processes that do not go together."""
    said = []
    rank = int(os.environ["RANK"])
    tries = (
        lambda: dense().fit(X[: 10 + rank], Y[: 10 + rank], verbose=False),
        lambda: dense().fit_dataset(
            vt.data.array([(x, y) for x, y in zip(X + rank, Y, strict=True)]).batch(4), verbose=False
        ),
        lambda: dense(distributed="fsdp", optimizer=vt.train.sgd(0.1, clipnorm=1.0)).fit(X, Y, verbose=False),
    )
    for attempt in tries:
        try:
            attempt()
            said.append(None)
        except vt.errors.VelveteenError as error:
            said.append(f"{type(error).__name__}: {error}")
    return said


def main(folder):
    warnings.simplefilter("error")
    torch.set_num_threads(1)
    found = {name: case() for name, case in CASES.items()}
    found["resumed"] = resumed(folder)
    found["dropout"] = dropout_masks()
    found["files"] = files_written(folder)
    found["errors"] = errors()
    found["precision"] = agreed_precision()
    found["recipes"] = recipes_written(folder)
    (folder / f"{os.environ['RANK']}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
