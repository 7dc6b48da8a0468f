"""Labelled pictures: a fault is in the page, its mask is where the browser says, and what nobody sees is thrown away."""

import random
from dataclasses import replace

import numpy as np
import pytest

from velveteen.errors import DataError, UnknownNameError
from velveteen.recipes.layout import browser, data, making, pages
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.making import Studio, Tally
from velveteen.recipes.layout.targets import Target, resolve

pytestmark = pytest.mark.usefixtures("needs_chromium")

CARDS = "".join(
    f"""<article class="card"><img alt="A hill" width="160" height="60" src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'
    width='160' height='60'><rect width='160' height='60' fill='teal'/></svg>"><h3>Card number {i}</h3>
    <p>Some words about it, in two lines or so.</p><a class="button" href="#">Read more</a></article>"""
    for i in range(4)
)
HTML = f"""<!doctype html><html lang="en"><title>Cards</title><style>
    body {{ margin: 20px; font: 16px/1.5 sans-serif; background: #fff }} main {{ display: flex; gap: 16px }}
    .card {{ width: 180px; padding: 10px; border: 1px solid #888; background: #eee }} img {{ max-width: 100% }}
    .button {{ display: inline-block; padding: 4px 12px; background: #245; color: #fff }}
    </style><header class="card"><h2>Cards and more</h2></header><p>A line before the cards.</p><main>{CARDS}</main></html>"""
PAGE = pages.Page(HTML, "cards", "plain", "latin", False, 900, 600, 1, 0.0)


def made(kind, tries=7, page=PAGE):
    """Returns examples of a fault in a page, and how many injections were not seen."""

    async def work():
        found, unseen = [], 0
        async with browser.started() as chromium:
            studio = await Studio.opened(chromium)
            for seed in range(tries):
                await studio.show(page)
                before = browser.decoded(await studio.picture())
                result = await studio.inject(FAULTS[kind], random.Random(seed), page, before)
                if result and result.boxes:
                    found.append((before, browser.decoded(result.picture), result.boxes))
                elif result:
                    unseen += 1
            return found, unseen

    return browser.run(work())


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_shows_where_its_mask_is(kind):
    found, _ = made(kind)
    assert found
    for before, after, boxes in found:
        around = [
            (x - 12, y - 12, width + 24, height + 24) for x, y, width, height in boxes
        ]  # what is cut off lay there
        changed = np.abs(after.astype(int) - before).max(axis=-1) > 16
        assert (changed & making.Injected(around, before, after, 1).region()).any()


def test_what_nobody_sees_is_thrown_away():
    """A text that does not wrap and still fits, a lower box that is high enough: of naive injections many are no faults."""
    assert made("text-overflow", 10)[1] > 0


def test_a_text_that_lost_its_margins_alone_does_not_look_unstyled():
    """Nobody who has not seen the page before would say so; where links are as the browser makes them, everybody does."""
    words = "".join(f"<p>Some <em>words</em> in line {number}, and WORD to read.</p>" for number in range(6))
    html = f"<style>section {{ margin: 30px; padding: 20px; color: #345 }} a {{ color: #a21; text-decoration: none }}</style><section>{words}</section>"
    plain = replace(PAGE, html=html.replace("WORD", "more"))
    linked = replace(PAGE, html=html.replace("WORD", '<a href="#more">more</a>'))
    assert made("unstyled", page=plain) == ([], 7)
    assert made("unstyled", page=linked)[0]


def test_what_stands_out_of_no_line_that_one_sees_is_not_misaligned():
    """Empty boxes have edges, but no line of them is seen; lines of code begin where they must."""

    def page(*lines, tag="div"):
        boxes = "".join(f'<div style="height: 50px">{line}</div>' for line in lines)
        return replace(
            PAGE, html=f"<style>body {{ margin: 40px; font: 16px sans-serif }}</style><{tag}>{boxes}</{tag}>"
        )

    words = [f"Words of line {number}, which is as long as it is." for number in range(5)]
    assert made("misaligned", page=page(*words))[0]
    for unseen in (page(words[0], "", "", "", ""), page(*words, tag="pre")):
        found, thrown_away = made("misaligned", page=unseen)
        assert not found and thrown_away > 0


def test_a_picture_that_the_page_puts_in_again_is_not_broken():
    """As a logo does that has an SVG for those who can show it, and a PNG for others."""
    again = """addEventListener('error', ({ target }) => {
        target.src = [...document.images].find((other) => other !== target).src; }, true);"""
    mended = replace(PAGE, html=HTML.replace("</html>", f"<script>{again}</script></html>"))
    assert made("broken-image", page=mended) == ([], 7)


def test_what_is_wholly_under_something_overlaps_nothing_that_one_sees():
    """The page is white, with a black bar of two lines; a grey box lies over it, wholly or in part."""

    def shown(boxes, covered):
        def drawn(*, first=True, second=True):
            picture = np.full((60, 80, 3), 255, np.uint8)
            picture[10:14, 10:50] = picture[20:24, 10:50] = 0 if first else 255
            if second:
                picture[5:24, 5:covered] = 90
            return picture

        async def camera(first="", second=""):
            return drawn(first=not first, second=not second)

        injected = making.Injected(boxes, drawn(second=False), drawn(), 1)

        async def work():
            return await FAULTS["overlap"].shows(injected, camera)

        return browser.run(work()), injected.boxes

    lines = [(10, 9, 40, 6), (10, 19, 40, 6)]
    assert shown(lines, 55)[0] is False
    assert shown([*lines, (60, 40, 10, 10)], 30) == (True, lines)


def collected(seeds, **settings):
    async def work():
        return [example async for each in making.examples(seeds, page_of, **settings) for example in each]

    return browser.run(work())


def page_of(seed):
    return pages.page(seed, scripts=("latin",))


def test_examples_are_a_sound_page_and_the_same_page_broken():
    tally = Tally()
    examples = collected(range(2), faults=2, browsers=1, tally=tally)
    sound = [each for each in examples if each.kind is None]
    broken = [each for each in examples if each.kind]
    assert len(sound) == 2 and len(broken) == sum(tally.kept.values()) >= 3
    assert not any(each.mask.any() for each in sound)
    for each in broken:
        assert set(np.unique(each.mask)) <= {0, list(FAULTS).index(each.kind) + 1} and each.mask.any()
        assert each.mask.shape == (each.page.height * each.page.scale, each.page.width * each.page.scale)
    again = collected(range(2), faults=2, browsers=1)
    assert [(each.kind, each.way, each.boxes) for each in again] == [
        (each.kind, each.way, each.boxes) for each in examples
    ]


def test_a_page_that_cannot_be_opened_is_passed_over():
    tally = Tally()

    def visited(seed):
        return making.Visit(Target("gone", "http://127.0.0.1:9/"), 800, 600, 1, 0.0) if seed == 0 else page_of(seed)

    async def work():
        return [each[0].seed async for each in making.examples([0, 1], visited, browsers=1, tally=tally)]

    assert browser.run(work()) == [1]
    assert len(tally.failed) == 1 and tally.failed[0].startswith("0: ") and "ERR_UNSAFE_PORT" in tally.failed[0]


def test_pages_of_ones_own(tmp_path):
    (tmp_path / "page.html").write_text(HTML.replace("</title>", "</title><link rel=stylesheet href=style.css>"))
    (tmp_path / "style.css").write_text("body { background: #fe9 !important }")
    page_of = data.own(resolve([str(tmp_path), "gone.html"]))
    assert {page_of(seed).target.name for seed in range(5)} == {str(tmp_path / "page.html")}
    tally = data.make(tmp_path / "pictures", 2, page_of=page_of, browsers=1)
    found = data.load(tmp_path / "pictures")
    assert not tally.failed and len(found) == 2 + sum(tally.kept.values()) >= 4
    assert tuple(found[0].pixels()[2, 2]) == (255, 238, 153)
    assert all(each.mask().any() == bool(each.kind) and each.rules() is not None for each in found)
    with pytest.raises(
        DataError, match=r"no page to make pictures of. The first: There is no file or folder gone.html."
    ):
        data.own(resolve(["gone.html"]))


def test_only_scripts_that_the_machine_has_letters_for():
    async def work():
        async with browser.started() as chromium:
            return await browser.has_letters(chromium, {"latin": "A", "nobody's": "\U0010fffd"})

    assert browser.run(work()) == ("latin",)


def test_pages_come_from_their_numbers():
    assert pages.page(5) == pages.page(5)
    assert pages.page(5) != pages.page(6)
    held_out = [pages.page(seed, templates=("mail",), designs=("soft",)) for seed in range(5)]
    assert {(each.template, each.design) for each in held_out} == {("mail", "soft")}
    with pytest.raises(UnknownNameError, match='Unknown design "sofd".*Did you mean "soft"'):
        pages.page(1, designs=("sofd",))


def test_held_out_pages_are_never_learned_from():
    assert not set(pages.HELD_OUT_TEMPLATES) & set(pages.LEARNED_TEMPLATES)
    assert not set(pages.HELD_OUT_DESIGNS) & set(pages.LEARNED_DESIGNS)
    assert set(pages.LEARNED_TEMPLATES) | set(pages.HELD_OUT_TEMPLATES) == set(pages.TEMPLATES)
