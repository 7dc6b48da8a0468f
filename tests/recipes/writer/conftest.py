import dataclasses

import pytest

from velveteen.recipes.writer import data, main

SENTENCE = "The quick brown fox jumps over the lazy dog, and the dog sleeps on.\n"


@pytest.fixture(scope="session")
def text_file(tmp_path_factory):
    """A text so regular that a tiny network learns it in seconds."""
    path = tmp_path_factory.mktemp("text") / "fox.txt"
    path.write_text(SENTENCE * 60)
    return path


@pytest.fixture(scope="session")
def corpus(text_file):
    return data.load([text_file])


@pytest.fixture(scope="session")
def settings():
    return main.Settings(
        units=48, dropout=0.0, embedding=8, epochs=8, streams=2, length=16, learning_rate=0.02, weight_decay=0.0
    )


@pytest.fixture(scope="session")
def trained(corpus, settings, tmp_path_factory):
    """A tiny writer of the regular text."""
    return main.train(corpus, settings, out=tmp_path_factory.mktemp("writer"), seed=1, verbose=False)


@pytest.fixture(scope="session")
def another(corpus, settings, tmp_path_factory):
    """A tiny writer of the same text, from another seed, of one layer and with recurrent weights left out."""
    settings = dataclasses.replace(settings, epochs=4, units=40, layers=1, weight_dropout=0.3, dropout=0.1)
    return main.train(corpus, settings, out=tmp_path_factory.mktemp("another"), seed=2, verbose=False)


@pytest.fixture(scope="session")
def pair(trained, another, tmp_path_factory):
    """The folder of a model of both."""
    return main.combine([trained.folder, another.folder], out=tmp_path_factory.mktemp("pair"))
