"""A network is fitted to somebody's pages."""

import numpy as np
import pytest

from velveteen.errors import DataError
from velveteen.models.saving import save_model
from velveteen.recipes.layout import adapting, data, main
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.main import Settings
from velveteen.recipes.layout.model import grid, unet

QUICK = Settings(epochs=1, steps=2, pairs=1, alone=1, crops=(128,))
PAGE = """<!doctype html><title>{0}</title><style>
  body {{ margin: 0; font: 16px sans-serif; color: #222 }} li {{ display: inline-block; width: 140px; margin: 8px; background: #def }}
</style><h1>{0}</h1><ul><li>One of three</li><li>Another one</li><li>The third</li></ul><p>Some words about {0}, and more of them.</p>"""


def _weights(network):
    return {f"{number} {weight.name}": weight.numpy() for number, weight in enumerate(network.weights)}


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("apples", "books", "cats", "dogs"):
        (folder / f"{name}.html").write_text(PAGE.format(name))
    return folder


@pytest.fixture
def start(tmp_path):
    """A small network to begin from."""
    network = unet(4, 2)
    network.user_defined_metadata = {"recipe": "layout", "kinds": list(FAULTS), "thresholds": {}, "multiple": grid(2)}
    save_model(network, tmp_path / "start", include_optimizer=False)
    return tmp_path / "start"


@pytest.mark.usefixtures("needs_chromium")
def test_it_is_fitted_to_pages_and_judged_on_one_that_it_did_not_see(site, start, tmp_path, monkeypatch):
    monkeypatch.setattr(adapting, "VISITS", 8)
    learned, kept = [], []

    def trained(pictures, settings, **options):
        learned.extend(pictures)
        kept.extend(options["kept"])
        return main_train(pictures, settings, **options)

    main_train = main.train
    monkeypatch.setattr(adapting.main, "train", trained)
    told = []
    out = tmp_path / "ours"
    assert len(adapting.make([str(site)], out, told.append)) == 4 and told[-1] == 8
    training = adapting.adapt([str(site)], QUICK, out=out, start=start, seed=1, verbose=False)
    assert training.epochs == 1 and training.pictures == len(learned)
    assert {data.turn(int(each.page), 4) for each in learned} == {1, 2, 3} and {each.kind for each in learned} > {None}
    strange = [each for each in kept if data.turn(int(each.page), 4) == 0]
    assert {each.kind for each in strange} > {None}
    assert len(data.load(out / adapting.PICTURES)) == len(learned) + len(strange)
    # Their pages are sound, learned from or not.
    assert {each.path for each in kept if each not in strange} == {each.path for each in learned if each.kind is None}
    detector = main.load(out)
    assert detector.multiple == grid(2) and set(detector.thresholds) == set(main.FAULTS)
    before, after = (_weights(main.load(folder).network) for folder in (start, out))
    assert {name for name in before if not np.array_equal(before[name], after[name])} == {
        name for name in before if "moving" not in name
    }


def test_pages_take_turns_in_another_order_each_time():
    rounds = [[data.turn(4 * number + place, 4) for place in range(4)] for number in range(9)]
    assert all(sorted(each) == [0, 1, 2, 3] for each in rounds)
    assert {each.index(0) for each in rounds} == {0, 1, 2, 3}


def test_where_there_are_no_pages(tmp_path):
    with pytest.raises(DataError, match="no page to make pictures of"):
        adapting.make([str(tmp_path / "none.html")], tmp_path / "ours")
