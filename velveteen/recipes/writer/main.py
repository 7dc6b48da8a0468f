"""The settings, and train, evaluate and write, which `velveteen writer` calls."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import velveteen as vt
from velveteen.errors import ArgumentError, DataError, unknown_name
from velveteen.recipes._folders import prepare
from velveteen.recipes._learning import AveragedWeights, CosineSchedule
from velveteen.recipes.writer import data, evaluation, learning, model, sampling
from velveteen.recipes.writer.archives import Keep
from velveteen.recipes.writer.data import Alphabet, Corpus
from velveteen.recipes.writer.sampling import Choice, Writer
from velveteen.recipes.writer.sources import PYDOC, THEME_END
from velveteen.training.ranks import common_seed, writes_files

OUT = Path("writer-model")
CHECKPOINT = "checkpoint"
MODES = ("stateful", "window")
SAMPLE_LENGTH = 200
"""Characters of the sample after each epoch."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        mode: "stateful", every position foretells the next character and the state goes on from window to window; or
            "window", as in the talk: so many characters in, only the next one out.
        units, layers, embedding, dropout, weight_dropout: as `model.network`.
        epochs: how often to read the text.
        streams: how many places of the text are read at once, the batch size; None for what the mode needs.
        length: of a window, in characters; None for what the mode needs.
        learning_rate: the highest, see `CosineSchedule`.
        weight_decay, clip: of the optimizer: the decay, and the largest norm of all gradients together.
        precision: "float32", "bfloat16", or "auto", as `Model.compile`.
    """

    mode: str = "stateful"
    units: int = 512
    layers: int = 2
    embedding: int = 0
    dropout: float = 0.5
    weight_dropout: float = 0.0
    epochs: int = 15
    streams: int | None = None
    length: int | None = None
    learning_rate: float = 0.002
    weight_decay: float = 0.1
    clip: float = 1.0
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise unknown_name("mode", self.mode, MODES)
        counts = {"units": self.units, "layers": self.layers, "epochs": self.epochs}
        counts |= {"streams": self.streams or 1, "length": self.length or 1}
        for name, count in counts.items():
            if count < 1:
                raise ArgumentError(f"The number of {name} must be positive, got {count}.")
        if self.embedding < 0:
            raise ArgumentError(f"The size of the embedding must be 0 (one-hot) or more, got {self.embedding}.")
        for name, share in {"dropout": self.dropout, "weight dropout": self.weight_dropout}.items():
            if not 0 <= share < 1:
                raise ArgumentError(f"The {name} must be from 0 to below 1, got {share}.")

    @property
    def batch(self) -> tuple[int, int]:
        """Streams and length, as given or as the mode needs."""
        streams, length = (128, 40) if self.mode == "window" else (32, 64)
        return self.streams or streams, self.length or length


@dataclass(frozen=True)
class Training:
    """What `train` did; the figures are those of the best epoch, on the validation text."""

    folder: Path
    source: str
    epochs: int
    best_epoch: int
    seconds: float
    interrupted: bool
    nats_per_char: float
    bits_per_char: float
    history: list[dict[str, float]]
    sample: str
    files: list[Path]


def train(
    corpus: Corpus,
    settings: Settings | None = None,
    *,
    out: str | Path = OUT,
    seed: int | None = None,
    resume: bool = False,
    verbose: bool = True,
) -> Training:
    """Trains a network, and keeps the best one in a folder while it learns.

    Args:
        corpus: the text, from `data.load`.
        settings: how to train.
        out: the folder to write to; a model in it is replaced.
        seed: makes the training repeatable.
        resume: whether to go on with the training in `out` that was stopped, by its own settings; more epochs than it
            was to have are taken from `settings`.
        verbose: whether to show progress and samples.

    Raises:
        ArgumentError: `out` is a file.
        MissingFileError, DataError: there is nothing to go on with, it learned from another text, or the loss became NaN.
    """
    settings = settings or Settings()
    out = prepare(out)
    if resume:
        settings, seed, corpus = _resumed(out, settings, corpus)
    seed = common_seed() if seed is None else seed
    streams, length = data.sizes(len(corpus.train), *settings.batch)
    is_stateful = settings.mode == "stateful"
    batches = data.batches(settings.mode, corpus, not settings.embedding, streams, length, seed)

    vt.set_random_seed(seed)
    shape = {"units": settings.units, "layers": settings.layers, "embedding": settings.embedding}
    symbols = len(corpus.alphabet)
    network = model.network(
        symbols,
        **shape,
        dropout=settings.dropout,
        weight_dropout=settings.weight_dropout,
        streams=streams if is_stateful else None,
        last_only=not is_stateful,
    )
    optimizer = vt.train.adam(
        settings.learning_rate, 0.9, 0.99, weight_decay=settings.weight_decay, global_clipnorm=settings.clip
    )
    network.compile(optimizer, loss="sparseCategoricalCrossentropy", precision=settings.precision)
    saved = model.with_states(symbols, **shape)
    writing = model.without_states(saved)
    start = time.perf_counter()
    samples: list[str] = []

    def measure(trained: Any) -> float:
        saved.set_weights(trained.get_weights())
        return evaluation.nats_per_char(saved, corpus.validation, corpus.train)

    def keep(trained: Any) -> None:
        saved.user_defined_metadata = _metadata(corpus, settings, examiner, time.perf_counter() - start)
        saved.save(out)

    def after(trained: Any, logs: dict[str, Any]) -> None:
        writer = Writer(writing, corpus.alphabet, seed=seed)
        samples.append(sampling.readable(sampling.texts(writer.write(SAMPLE_LENGTH), 1)[0]))
        if verbose and writes_files(trained):
            learning.tell(f"\n{samples[-1]}\n")

    averages = AveragedWeights()
    examiner = learning.Examiner(averages, measure, keep, after)
    about = {"settings": dataclasses.asdict(settings), "seed": seed, "fingerprint": corpus.fingerprint}
    checkpoint = learning.Checkpoint(out / CHECKPOINT, averages, examiner, about)
    done = checkpoint.restore(network) if resume else 0
    batches.epoch[0] = done
    history = network.fit_dataset(
        batches,
        epochs=settings.epochs,
        initial_epoch=done,
        callbacks=[
            CosineSchedule(settings.learning_rate, len(batches), settings.epochs),
            averages,
            examiner,
            checkpoint,
        ],
        verbose=verbose,
    )
    seconds = time.perf_counter() - start
    best = evaluation.figures(examiner.best)
    return Training(
        out,
        corpus.name,
        done + len(history.epoch),
        examiner.best_epoch,
        seconds,
        history.interrupted,
        best.nats_per_char,
        best.bits_per_char,
        checkpoint.history,
        samples[-1] if samples else "",
        [out / "model.json"],
    )


def write(
    folder: str | Path,
    prompt: str = "",
    choice: Choice | None = None,
    *,
    theme: str | None = None,
    length: int = 500,
    samples: int = 1,
    seed: int | None = None,
    until_end: bool = True,
    memory: bool = False,
) -> list[str]:
    """Returns what a model writes after a prompt, a text a sample.

    Args:
        folder: of the model, as `train` wrote it.
        prompt, theme, length, until_end: as `write_with`.
        choice: how characters are drawn.
        samples: how many versions.
        seed: makes what is written repeatable.
        memory: whether it expects again what it has read and written, see `memory.Memory`.

    Raises:
        MissingFileError, FileFormatError: the model cannot be used.
        ArgumentError: the model is no writer, or a number makes no sense.
    """
    writer = open_writer(folder, choice, samples=samples, seed=seed, memory=memory)
    return sampling.texts(write_with(writer, prompt, theme=theme, length=length, until_end=until_end), samples)


def write_with(
    writer: Writer, prompt: str = "", *, theme: str | None = None, length: int = 500, until_end: bool = True
) -> Iterator[list[str]]:
    """Yields what a writer writes, character by character: one a version, "" for a version that has ended.

    Args:
        writer: from `open_writer`.
        prompt: what the text begins with; it is not among what is yielded.
        theme: what to write about, for a model that has learned themes.
        length: the most characters to write.
        until_end: whether a version ends with the end of its message.

    Raises:
        ArgumentError: a theme for a model that has learned none.
    """
    if theme is not None and writer.alphabet.theme_end is None:
        raise ArgumentError("This model has learned no themes. Train one with --themes, on texts with headings.")
    writer.read(writer.beginning + ("" if theme is None else theme + THEME_END) + prompt)
    return writer.write(length, until_end=until_end)


def predict(folder: str | Path, prompt: str = "") -> list[dict[str, Any]]:
    """Returns `{"character", "probability"}` of every symbol after a text, the likeliest first. Raises: as `write`."""
    writer = open_writer(folder)
    writer.read(writer.beginning + prompt)
    probabilities, symbols = writer.probabilities[0], writer.alphabet.symbols
    return [
        {"character": symbols[number], "probability": float(probabilities[number])}
        for number in np.argsort(-probabilities, kind="stable")
    ]


def open_writer(
    folder: str | Path,
    choice: Choice | None = None,
    *,
    samples: int = 1,
    seed: int | None = None,
    memory: bool = False,
) -> Writer:
    """Returns the writer in a folder, which has read nothing yet."""
    saved, alphabet = load(folder)
    return Writer(model.without_states(saved), alphabet, choice, samples, seed, memory=memory)


def evaluate(
    folder: str | Path,
    sources: Sequence[str | Path] = (),
    *,
    encoding: str = "utf-8",
    seed: int = 1,
    memory: bool = False,
) -> evaluation.Evaluation:
    """Measures a model on a text; see `evaluation.Evaluation`.

    Args:
        folder: of the model.
        sources: the text, read with the options of the training. If the model has learned from it, only the part that was
            kept for validation counts; else all of it does. None for a model that learned from Python's documentation.
        encoding: of text files.
        seed: of the samples.
        memory: whether it expects again what it has read of the text, see `memory.Memory`.

    Raises: as `write`, and as `data.load`.
        ArgumentError: no sources for a model that learned from others.
    """
    saved, alphabet = load(folder)
    training = _part(saved.user_defined_metadata, "training")
    if not sources and training.get("source") != PYDOC:
        raise ArgumentError(
            f"Say on which text to test: the one that the model learned from ({training.get('source', 'unknown')}), of which "
            "the part that was kept counts; or another one."
        )
    corpus = data.load(sources, encoding=encoding, alphabet=alphabet, **_load_options(training))
    kept = training.get("fingerprint") == corpus.fingerprint
    return evaluation.measure(saved, model.without_states(saved), corpus, only_kept=kept, seed=seed, memory=memory)


def combine(folders: Sequence[str | Path], *, out: str | Path = OUT) -> Path:
    """Writes one model whose probabilities are the mean of those of several, and returns its folder.

    Networks that learned the same text from different seeds are wrong in different places. By Jensen's inequality their mean
    loses fewer nats than they do on average; mostly fewer than the best of them. It takes the time of all.

    Args:
        folders: of the models, two or more.
        out: the folder to write to; a model in it is replaced.

    Raises: as `write`.
        ArgumentError: fewer than two models, models that learned from different texts, or `out` is a file.
    """
    if len(folders) < 2:
        raise ArgumentError(f"Give two models or more to combine, got {len(folders)}.")
    members = [load(folder)[0] for folder in folders]
    first, *others = [member.user_defined_metadata for member in members]
    kinds = [
        (each["alphabet"], each.get("input"), _part(each, "training").get("fingerprint")) for each in (first, *others)
    ]
    for folder, kind in zip(folders, kinds, strict=True):
        if kind != kinds[0]:
            raise ArgumentError(
                f"The model in {folder} learned from another text than the one in {folders[0]}, or reads its symbols "
                "differently (--embedding). Train all of them on the same sources with the same options."
            )
    training = {
        key: value for key, value in _part(first, "training").items() if key in ("source", "fingerprint", "options")
    }
    network = model.combined(members)
    about = [_part(each, "training") for each in (first, *others)]
    network.user_defined_metadata = {**first, "training": {**training, "members": about}}
    out = prepare(out)
    network.save(out)
    return out


def load(folder: str | Path) -> tuple[Any, Alphabet]:
    """Returns the network with states in a folder, and its alphabet, once it is sure that it is a writer."""
    saved = vt.load_layers_model(folder)
    metadata = saved.user_defined_metadata
    symbols = metadata.get("alphabet") if isinstance(metadata, dict) and metadata.get("recipe") == "writer" else None
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) and len(symbol) == 1 for symbol in symbols):
        raise ArgumentError(f"The model in {folder} is no writer. Train one with velveteen writer train.")
    widths = {saved.outputs[0].shape[-1], len(symbols)}
    if len(widths) != 1 or data.RARE not in symbols or len(set(symbols)) != len(symbols):
        raise ArgumentError(f"The model in {folder} has an alphabet that does not fit its network. Train it again.")
    return saved, Alphabet(symbols)


def _part(value: Any, key: str) -> dict[str, Any]:
    """Returns an object inside of metadata, which may be anything."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _load_options(training: dict[str, Any]) -> dict[str, Any]:
    """Returns how the text of a training was read, as its metadata tells."""
    options = _part(training, "options")
    keep, author = _part(options, "keep"), _part(options, "keep").get("author")
    validation = options.get("validation")
    return {
        "keep": Keep(
            keep.get("links") is True,
            keep.get("retweets") is True,
            keep.get("handles") is True,
            author if isinstance(author, str) else None,
        ),
        "themes": options.get("themes") is True,
        "validation": validation if isinstance(validation, float) and 0 < validation < 1 else data.VALIDATION,
    }


def _resumed(out: Path, settings: Settings, corpus: Corpus) -> tuple[Settings, int, Corpus]:
    about = learning.read_checkpoint(out / CHECKPOINT).user_defined_metadata["about"]  # type: ignore[index]
    if about["fingerprint"] != corpus.fingerprint:
        raise DataError(
            f"The training in {out} learned from another text than {corpus.name}. Give the same sources and options, "
            "or train anew without --resume."
        )
    before = Settings(**about["settings"])
    return dataclasses.replace(before, epochs=max(before.epochs, settings.epochs)), about["seed"], corpus


def _metadata(corpus: Corpus, settings: Settings, examiner: Any, seconds: float) -> dict[str, Any]:
    alphabet = corpus.alphabet
    return {
        "recipe": "writer",
        "alphabet": alphabet.symbols,
        "rare": alphabet.rare,
        "end": alphabet.end,
        "theme_end": alphabet.theme_end,
        "input": "numbers" if settings.embedding else "one-hot",
        "training": {
            "source": corpus.name,
            "fingerprint": corpus.fingerprint,
            "options": corpus.options,
            "settings": dataclasses.asdict(settings),
            "epoch": examiner.best_epoch,
            "seconds": round(seconds, 1),
            "nats_per_char": examiner.best,
        },
    }
