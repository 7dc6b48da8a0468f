"""Network, heat map and figures. No browser: pictures are drawn, and a red square is the fault."""

import json
from collections import deque
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import velveteen as vt
from tests._javascript import run_node
from velveteen.errors import ArgumentError, DataError, FileFormatError, MissingFileError
from velveteen.recipes.layout import data, evaluation, heat, main
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.heat import Spot, Thresholds
from velveteen.recipes.layout.learning import Alarming, rare_pixels
from velveteen.recipes.layout.model import LAST, before_sigmoids, grid, unet

PREDICT = Path(__file__).parents[2] / "browser" / "node_predict.js"
KINDS = list(FAULTS)
SMALL = main.Settings(width=4, depth=2, epochs=3, steps=12, pairs=2, alone=0, crops=(128,), learning_rate=0.01)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Grey pages of 200 × 180 with darker bars; the broken ones have a red square, which is an overlap."""
    folder = tmp_path_factory.mktemp("pictures")
    chance = np.random.default_rng(1)
    for number in range(12):
        picture = np.full((180, 200, 3), chance.integers(160, 250), np.uint8)
        for top in range(20, 160, 30):
            picture[top : top + 8, 20 : chance.integers(60, 180)] = 60
        Image.fromarray(picture).save(folder / f"{number}-sound.png")
        mask = np.zeros((180, 200), np.uint8)
        x, y = chance.integers(20, 130, size=2)
        mask[y : y + 30, x : x + 40] = KINDS.index("overlap") + 1
        picture[mask > 0] = (220, 20, 20)
        Image.fromarray(picture).save(folder / f"{number}-overlap.png")
        Image.fromarray(mask).save(folder / f"{number}-overlap.mask.png")
    return folder


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("model")
    return main.train(data.load(folder), SMALL, out=out, seed=1, verbose=False)


def test_the_folder_is_read_by_its_names(folder):
    pictures = data.load(folder)
    assert len(pictures) == 24 and {each.kind for each in pictures} == {None, "overlap"}
    pairs = data.paired(pictures)
    assert {(broken.page, sound.page) for broken, sound in pairs["overlap"]} == {(str(n), str(n)) for n in range(12)}
    learned, kept = main.split(pictures)
    assert not {each.page for each in learned} & {each.page for each in kept}
    assert len(learned) + len(kept) == 24 and len(kept) == 4


def test_batches_are_the_same_crop_broken_and_sound(folder):
    batches = data.Batches(data.load(folder), 6, 2, 1, [128], seed=5, twins=1)
    first = list(batches)
    assert len(first) == len(batches) == 6
    unscaled = 0
    for inputs, targets in first:
        assert inputs.shape == (5, 128, 128, 3) and targets.shape == (5, 32, 32, len(FAULTS))
        assert targets.dtype == bool and not targets[4].any()  # a sound page alone
        for broken, sound, mask, none in zip(inputs[:4:2], inputs[1:4:2], targets[:4:2], targets[1:4:2], strict=True):
            differs = (broken != sound).any(axis=-1).reshape(32, 4, 32, 4).any(axis=(1, 3))[6:-6, 6:-6]
            fault = mask[6:-6, 6:-6, KINDS.index("overlap")]
            assert (differs != fault).mean() < 0.06  # those that were scaled have soft edges
            unscaled += np.array_equal(differs, fault)
            assert not none.any() and not mask[..., 0].any()
    assert unscaled
    assert any((inputs == data.OUTSIDE).any() for inputs, _ in first)  # crops show where the page ends
    again = data.Batches(data.load(folder), 6, 2, 1, [128], seed=5, twins=1)
    np.testing.assert_array_equal(first[2][0], list(again)[2][0])
    assert not np.array_equal(first[0][0], next(iter(batches))[0])  # the next epoch has others


def test_batches_are_of_each_size_in_turn_with_as_many_pixels(folder):
    shapes = [inputs.shape for inputs, _ in data.Batches(data.load(folder), 5, 1, 1, [128, 256], seed=5)]
    assert shapes == [(12, 128, 128, 3), (3, 256, 256, 3)] * 2 + [(12, 128, 128, 3)]


def test_what_alarms_is_learned_again(folder):
    pictures = data.load(folder)
    sound = [each for each in pictures if each.kind is None]
    batches = data.Batches(pictures, 1, 1, 8, [128], seed=5, alarming=[(sound[0], 90, 100)])
    inputs, targets = next(iter(batches))
    assert inputs.shape == (10, 128, 128, 3) and not targets[2:].any()

    network = unet(4, 2)
    last = network.get_layer(LAST)  # to which everything looks broken:
    last.set_weights([np.zeros((1, 1, 4, len(FAULTS)), np.float32), np.full(len(FAULTS), 1.0)])
    callback = Alarming(network, batches, sound, grid(2), 1)
    callback.on_epoch_end(0, {})
    assert len(batches.alarming) == 1 + Alarming.OF_A_PAGE * len(sound)
    assert all(0 <= row < 256 and 0 <= column < 256 for _, row, column in batches.alarming)


def test_training_learns_and_its_folder_is_all_there_is(trained, folder):
    assert trained.epochs == 3 and not trained.interrupted
    assert trained.history["loss"][-1] < trained.history["loss"][0]
    assert not (trained.folder / main.BACKUP / "model.json").exists()
    detector = main.load(trained.folder)
    picture = data.load(folder)[0]
    found = detector.heat(picture.pixels())
    assert found.shape == (180, 200, len(FAULTS)) and found.dtype == np.uint8
    measured = main.evaluate(data.load(folder), detector).network
    assert (measured.broken, measured.sound) == (12, 12)
    assert list(measured.kinds) == ["overlap"]
    for each in main.predict(trained.folder, picture.path):
        assert set(each) == {"kind", "sure", "box", "score"}


def test_a_stopped_training_goes_on_as_if_it_had_not(trained, folder, tmp_path, monkeypatch):
    steps = 0
    rate = main.CosineSchedule.rate

    def stops(self, step):
        nonlocal steps
        steps += 1
        if steps == 31:
            raise KeyError("power cut")
        return rate(self, step)

    monkeypatch.setattr(main.CosineSchedule, "rate", stops)
    with pytest.raises(KeyError, match="power cut"):
        main.train(data.load(folder), SMALL, out=tmp_path, seed=1, verbose=False)
    assert not (tmp_path / "model.json").exists()
    again = main.train(data.load(folder), SMALL, out=tmp_path, seed=1, resume=True, verbose=False)
    assert again.history["loss"] == pytest.approx(trained.history["loss"], rel=1e-4)
    with pytest.raises(ArgumentError, match="no stopped training"):
        main.train(data.load(folder), SMALL, out=tmp_path, resume=True)


def test_tensorflowjs_marks_the_same_places(trained, folder, tmp_path):
    pixels = data.load(folder)[0].pixels()[:96, :96]
    inside = data.to_input(pixels)[None]
    ours = main.load(trained.folder).network.predict(inside).numpy()
    request = {"shape": list(inside.shape), "dtype": "float32", "data": inside.ravel().tolist()}
    answer = run_node(PREDICT, {"m": {"folder": str(trained.folder), "inputs": [request]}}, tmp_path)["m"]
    assert "error" not in answer, answer
    theirs = np.array(answer["outputs"][0]["data"], np.float32).reshape(ours.shape)
    np.testing.assert_allclose(theirs, ours, atol=1e-3)
    assert answer["metadata"]["kinds"] == KINDS


def test_the_network_of_the_talk_and_smaller_ones():
    assert [grid(2), grid(5)] == [8, 64]
    for width, depth in ((4, 2), (3, 4)):
        answer = unet(width, depth).predict(np.zeros((1, 64, 96, 3), np.float32)).numpy()
        assert answer.shape == (1, 64, 96, len(FAULTS)) and (answer < 0.2).all()  # it begins by finding nothing
    widest = max(layer.filters for layer in unet(64, 5, widest=1024).layers if hasattr(layer, "filters"))
    assert widest == 1024


def test_a_heat_map_does_not_depend_on_strips(trained, folder, monkeypatch):
    detector = main.load(trained.folder)
    tall = np.concatenate([data.load(folder)[number].pixels() for number in range(6)])
    whole = detector.heat(tall)
    monkeypatch.setattr(heat, "STRIP", 256)
    stripped = detector.heat(tall)
    assert whole.shape == stripped.shape == (1080, 200, len(FAULTS))
    assert np.abs(whole.astype(int) - stripped).max() <= 8  # where tiles begin differs, not what they show


def flooded(mask):
    """Connected parts by flood fill, the plain way."""
    left, found = mask.copy(), []
    for y, x in zip(*np.nonzero(mask), strict=True):
        if not left[y, x]:
            continue
        queue, cells = deque([(y, x)]), []
        left[y, x] = False
        while queue:
            row, column = queue.popleft()
            cells.append((row, column))
            for r in range(max(0, row - 1), min(mask.shape[0], row + 2)):
                for c in range(max(0, column - 1), min(mask.shape[1], column + 2)):
                    if left[r, c]:
                        left[r, c] = False
                        queue.append((r, c))
        rows, columns = zip(*cells, strict=True)
        found.append((min(columns), min(rows), max(columns) + 1, max(rows) + 1, len(cells)))
    return found


@pytest.mark.parametrize("share", [0.0, 0.2, 0.45, 0.6, 1.0])
def test_connected_parts(share):
    mask = np.random.default_rng(3).random((40, 50)) < share
    assert sorted(heat.components(mask)) == sorted(flooded(mask))


def test_spots_are_over_the_thresholds_and_no_noise():
    found = np.zeros((100, 100, len(FAULTS)), np.uint8)
    found[10:20, 30:50, 2] = 250
    found[60:70, 60:70, 2] = 150
    found[90:92, 90:92, 2] = 255
    limits = {"overlap": Thresholds(0.5, 0.9)}
    assert heat.spots(found, limits) == [
        Spot("overlap", (30, 10, 20, 10), 250 / 255, True),
        Spot("overlap", (60, 60, 10, 10), 150 / 255, False),
    ]
    assert heat.spots(found, limits, ("collapsed",)) == []


def test_figures_are_counted_right():
    counts = evaluation.Counts()
    mask = np.zeros((100, 100), np.uint8)
    mask[10:20, 10:20] = 3
    here, away = (10, 10, 10, 10), (70, 70, 10, 10)
    counts.page("overlap", mask, [Spot("overlap", here, 1, True)])
    counts.page("overlap", mask, [Spot("collapsed", here, 1, True)])  # found, by another name
    counts.page("overlap", mask, [Spot("overlap", away, 1, True)])  # an alarm, but elsewhere
    counts.page("overlap", mask, [Spot("overlap", here, 0.6, False)])  # unsure
    counts.page(None, np.zeros_like(mask), [Spot("overlap", away, 1, True), Spot("overlap", here, 1, True)])
    counts.page(None, np.zeros_like(mask), [])
    marked = np.zeros((100, 100, len(FAULTS)), np.uint8)
    marked[10:20, 15:25, 2] = 255
    counts.pixels(marked, mask, {})
    result = counts.result()
    assert (result.broken, result.sound, result.false_alarms) == (4, 2, 50.0)
    assert result.precision == pytest.approx(3 / 4) and result.recall == pytest.approx(2 / 4)
    of_kind = result.kinds["overlap"]
    assert (of_kind.pictures, of_kind.found, of_kind.named, of_kind.false_alarms) == (4, 0.5, 0.25, 50.0)
    assert of_kind.iou == pytest.approx(50 / 150) and result.mean_iou == of_kind.iou


def test_rules_are_measured_beside_the_network(folder, trained, tmp_path):
    pictures = data.load(folder)[:4]
    with pytest.raises(DataError, match="nothing to measure without a model"):
        main.evaluate(pictures)
    for each in pictures:
        (tmp_path / each.path.name).write_bytes(each.path.read_bytes())
        rules = []
        if each.kind:
            (tmp_path / each.mask_path.name).write_bytes(each.mask_path.read_bytes())
            y, x = (int(places.min()) for places in np.nonzero(each.mask()))
            rules = [{"kind": "overlap", "box": [x, y, 9.5, 9.5], "sure": True}]
        (tmp_path / f"{each.path.stem}{data.RULES}").write_text(json.dumps(rules))
    measured = main.evaluate(data.load(tmp_path))
    assert (measured.network, measured.both) == (None, None)
    assert (measured.rules.recall, measured.rules.false_alarms, measured.rules.mean_iou) == (1.0, 0.0, None)
    assert main.evaluate(data.load(tmp_path), trained.folder).both.recall == 1.0
    (tmp_path / f"{pictures[0].path.stem}{data.RULES}").write_text("{}x")
    with pytest.raises(FileFormatError, match="does not say what rules find"):
        main.evaluate(data.load(tmp_path))


def scored(kind, with_rules=False, **highest):
    values = tuple(highest.get(name, 0.1) for name in KINDS)
    return evaluation.Scored(kind, values, tuple(-1.0 for _ in KINDS) if with_rules else ())


def test_thresholds_let_few_sound_pages_alarm_and_find_most():
    chance = np.random.default_rng(0)
    # Overlaps are told from sound places; what is collapsed looks like every third sound page.
    sound = [scored(None, overlap=chance.random() * 0.5, collapsed=chance.random()) for _ in range(1000)]
    broken = [scored("overlap", overlap=0.45 + chance.random() * 0.5) for _ in range(100)]
    broken += [scored("collapsed", collapsed=0.7) for _ in range(100)]
    limits = evaluation.chosen_thresholds([*sound, *broken], 8.0, 40.0, 1.0)

    def alarms(level):
        limit = np.array([getattr(limits[kind], level) for kind in KINDS])
        return sum(bool((np.array(each.highest) >= limit).any()) for each in sound)

    assert alarms("sure") <= 80 and alarms("unsure") <= 400
    at = KINDS.index("overlap")
    assert sum(each.highest[at] >= limits["overlap"].sure for each in broken[:100]) >= 95
    assert limits["collapsed"].sure > 0.9 and limits["collapsed"].unsure <= 0.7
    assert all(evaluation.LOWEST <= each.unsure <= each.sure <= evaluation.HIGHEST for each in limits.values())
    assert all((each.confirms, each.certain) == (0, heat.NEVER) for each in limits.values())  # nobody asked rules
    assert evaluation.chosen_thresholds([], 5, 5, 5).keys() == FAULTS.keys()


def test_a_kind_of_which_sound_pages_are_as_sure_as_can_be_is_left_out():
    sound = [scored(None, overlap=1.0)] * 10 + [scored(None)] * 90
    broken = [scored("overlap", overlap=1.0)] * 10 + [scored("collapsed", collapsed=0.5)] * 10
    limits = evaluation.chosen_thresholds([*sound, *broken], 5.0, 20.0, 1.0)
    assert limits["overlap"].sure == heat.NEVER and limits["overlap"].unsure <= 1
    assert limits["collapsed"].sure < 0.5


def test_thresholds_leave_room_for_stranger_sound_pages():
    sound = [scored(None, overlap=0.2, collapsed=0.3)] * 100
    broken = [scored("overlap", overlap=0.8, collapsed=0.31)] * 10 + [scored("overlap", overlap=0.6)] * 10
    limits = evaluation.chosen_thresholds([*sound, *broken], 1.0, 1.0, 1.0)
    assert limits["overlap"].sure == limits["overlap"].unsure == pytest.approx(0.4, abs=0.01)  # between 0.2 and 0.6


def test_thresholds_of_a_model_to_begin_from_are_only_raised():
    sound = [scored(None, overlap=0.2, collapsed=0.3, unstyled=0.9)] * 100
    broken = [scored("overlap", overlap=0.8)] * 10
    before = {"collapsed": Thresholds(0.5, 0.7), "unstyled": Thresholds(0.4, 0.6), "overlap": Thresholds(0.1, 0.1)}
    limits = evaluation.chosen_thresholds([*sound, *broken], 1.0, 1.0, 1.0, before)
    assert (limits["collapsed"].unsure, limits["collapsed"].sure) == (0.5, 0.7)
    assert limits["unstyled"].unsure == limits["unstyled"].sure == pytest.approx(0.9, abs=0.01)  # no sound page alarms
    assert limits["overlap"].sure == pytest.approx(0.5, abs=0.01)
    assert limits["misaligned"] == Thresholds()
    assert evaluation.chosen_thresholds([*sound, *broken], 1.0, 1.0, 1.0)["collapsed"].sure == heat.NEVER


def test_rules_are_believed_where_the_network_confirms_them():
    at = KINDS.index("text-clipped")

    def page(kind, support):
        supports = tuple(support if number == at else -1.0 for number in range(len(KINDS)))
        return evaluation.Scored(kind, (0.1,) * len(KINDS), supports)

    sound = [page(None, 0.05)] * 10 + [scored(None, with_rules=True)] * 90  # the rule is wrong on a page of ten
    broken = [page("text-clipped", 0.4)] * 50
    limits = evaluation.chosen_thresholds([*sound, *broken], 5.0, 5.0, 2.0)
    assert 0.05 < limits["text-clipped"].confirms <= 0.4
    assert limits["overlap"].confirms == 0 and limits["overlap"].certain == heat.NEVER

    found = np.zeros((100, 100, len(KINDS)), np.uint8)
    found[40:50, 40:50, 0] = 100  # of another kind, but there
    rules = [Spot("text-clipped", (20, 38, 20, 10), 1.0, True), Spot("text-clipped", (80, 80, 10, 10), 1.0, True)]
    marked = [Spot("collapsed", (42, 42, 4, 4), 0.99, True), Spot("collapsed", (5, 5, 4, 4), 0.99, True)]
    told = evaluation.together(
        rules, marked, found, {"text-clipped": Thresholds(confirms=0.3), "collapsed": Thresholds(certain=0.95)}
    )
    assert [(each.kind, each.box[0], each.sure) for each in told] == [
        ("text-clipped", 20, True), ("text-clipped", 80, False), ("collapsed", 5, True),
    ]  # fmt: skip


def test_a_broken_picture_is_scored_at_its_fault(folder):
    broken = next(each for each in data.load(folder) if each.kind)
    places = np.zeros((180, 200, len(FAULTS)), np.uint8)
    at = KINDS.index("overlap")
    rows, columns = np.nonzero(broken.mask())
    places[rows[0], columns[0], at] = 102
    places[0 if rows.min() > 20 else 179, 0 if columns.min() > 20 else 199, at] = 255
    assert evaluation.scored(broken, places).highest[at] == pytest.approx(102 / 255)
    alone = next(each for each in data.load(folder) if not each.kind)
    assert evaluation.scored(alone, places).highest[at] == 1
    assert max(evaluation.scored(alone, places).support) < 0  # no rule was asked


def test_the_loss_leaves_out_the_edge_and_prefers_what_is_right():
    truth = torch.zeros(2, 32, 32, 3, dtype=torch.bool)
    truth[0, 14:17, 14:17, 1] = True
    right = torch.where(truth, 2.0, -12.0)
    changed = right.clone()
    changed[:, :6], changed[:, :, -6:] = 3.0, 3.0
    torch.testing.assert_close(rare_pixels(truth, right), rare_pixels(truth, changed))
    assert rare_pixels(truth, right).mean() < 0.2 < rare_pixels(truth, torch.full_like(right, -6.0)).mean()
    guess = torch.zeros_like(right, requires_grad=True)
    rare_pixels(truth, guess).mean().backward()
    assert (guess.grad[0, 15, 15, 1] < 0) and (guess.grad[0, 18, 18, 1] > 0) and (guess.grad[:, :6] == 0).all()


def test_the_highest_places_of_a_crop_count_once_more():
    truth = torch.zeros(1, 56, 56, len(FAULTS), dtype=torch.bool)
    truth[0, 20:36, 20:36, 1] = True
    guess = torch.full((1, 56, 56, len(FAULTS)), -3.9)
    guess[0, 20:28, 20:28, 1], guess[0, 12:16, 12:16, 2] = -3.5, -3.5
    guess.requires_grad_()
    rare_pixels(truth, guess).mean().backward()
    gradient = guess.grad[0]
    assert gradient[21, 21, 1] < 2 * gradient[34, 34, 1] < 0, "of the fault's pixels, those that are marked most"
    assert gradient[13, 13, 2] > 2 * gradient[42, 42, 2] > 0, "of sound pixels, those that look broken most"


def test_what_is_learned_are_the_weights_of_the_network():
    network = unet(4, 2)
    learner = before_sigmoids(network)
    picture = np.random.default_rng(1).random((1, 32, 64, 3)).astype(np.float32)
    logits = learner.predict(picture).numpy()
    assert logits.shape == (1, 8, 16, len(FAULTS))
    learner.get_layer(LAST).set_weights([np.zeros((1, 1, 4, len(FAULTS)), np.float32), np.full(len(FAULTS), 1.0)])
    np.testing.assert_allclose(network.predict(picture).numpy(), 1 / (1 + np.exp(-1.0)), rtol=1e-5)


def test_a_network_of_an_earlier_version_is_not_trained_further(tmp_path, folder, trained):
    now = vt.load_layers_model(trained.folder)
    earlier = vt.model(inputs=now.inputs, outputs=now.layers[2].output)  # which ends before the layer of the logits
    earlier.user_defined_metadata = now.user_defined_metadata
    earlier.save(tmp_path / "earlier")
    with pytest.raises(ArgumentError, match=r"earlier is of an earlier version.*Begin from another"):
        main.train(data.load(folder), SMALL, out=tmp_path / "out", start=tmp_path / "earlier")


def test_what_cannot_be_used_is_told(tmp_path, trained):
    with pytest.raises(MissingFileError, match="is no folder"):
        data.load(tmp_path / "none")
    with pytest.raises(DataError, match="no pictures"):
        data.load(tmp_path)
    Image.new("RGB", (8, 8)).save(tmp_path / "a-sound.png")
    with pytest.raises(DataError, match=r"nothing to learn from.*NAME-KIND\.png"):
        main.train(data.load(tmp_path), SMALL, out=tmp_path / "out")
    (tmp_path / "b-sound.png").write_text("no picture")
    with pytest.raises(FileFormatError, match="b-sound.png is no picture"):
        data.load(tmp_path)[-1].pixels()
    with pytest.raises(ArgumentError, match="multiple of 64"):
        main.Settings(crops=(330,))
    other = vt.sequential([vt.layers.dense(1, input_shape=[2])])
    other.save(tmp_path / "other")
    with pytest.raises(ArgumentError, match="does not find broken layout"):
        main.load(tmp_path / "other")
    damaged = vt.load_layers_model(trained.folder)
    damaged.user_defined_metadata = {**damaged.user_defined_metadata, "thresholds": {"overlap": "x"}}
    damaged.save(tmp_path / "damaged")
    with pytest.raises(FileFormatError, match="thresholds is damaged"):
        main.load(tmp_path / "damaged")
