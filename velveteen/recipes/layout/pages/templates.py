"""Kinds of pages, put together from parts."""

from collections.abc import Callable

from velveteen.recipes.layout.pages.parts import Parts


def _article(parts: Parts) -> str:
    author = f'<div class="row">{parts.avatar()}<div><strong>{parts.texts.name()}</strong><div class="muted small">{parts.texts.number()}</div></div></div>'
    return f'{parts.header()}<main class="wrap narrow"><h1>{parts.texts.title()}</h1>{author}<br>{parts.prose()}{parts.maybe(0.4, parts.rail())}</main>{parts.footer()}'


def _shop(parts: Parts) -> str:
    filters = parts.maybe(0.5, f"{parts.tags()}<br>")
    inside = f"<h2>{parts.texts.title()}</h2>{filters}{parts.cards()}<br>{parts.maybe(0.5, parts.rail())}{parts.maybe(0.5, parts.pager())}"
    return f'{parts.header()}<main class="wrap">{parts.with_sidebar(inside) if parts.random.random() < 0.5 else inside}</main>{parts.footer()}'


def _dashboard(parts: Parts) -> str:
    figures = "".join(parts.figure_card() for _ in parts.some(3, 8))
    charts = "".join(f'<div class="card"><h3>{parts.texts.label()}</h3>{parts.photo()}</div>' for _ in parts.some(1, 4))
    inside = f'<div class="stack"><div class="grid" style="--cell:150px">{figures}</div><div class="grid" style="--cell:280px">{charts}</div>{parts.table()}</div>'
    return f'{parts.header()}<main class="wrap">{parts.with_sidebar(inside) if parts.random.random() < 0.6 else inside}</main>'


def _form(parts: Parts) -> str:
    fields = "".join(parts.field() for _ in parts.some(4, 10))
    cell = parts.random.choice([600, 260, 200])
    steps = parts.maybe(
        0.4,
        f'<div class="row">{"".join(f"""<span class="tag">{i + 1}. {parts.texts.label()}</span>""" for i in parts.some(2, 4))}</div>',
    )
    return f'{parts.header()}<main class="wrap narrow"><form class="card stack"><h2>{parts.texts.title()}</h2>{steps}<div class="grid" style="--cell:{cell}px">{fields}</div>{parts.buttons()}</form></main>{parts.maybe(0.5, parts.footer())}'


def _table(parts: Parts) -> str:
    tools = f'<div class="row"><h2 style="margin:0">{parts.texts.title()}</h2><div class="push">{parts.random.choice([parts.buttons, parts.tools])()}</div></div>'
    return f'{parts.header()}<main class="wrap stack">{tools}{parts.table()}{parts.maybe(0.4, parts.table())}{parts.maybe(0.5, parts.pager())}{parts.tags()}</main>'


def _chat(parts: Parts) -> str:
    bubbles = "".join(
        f'<div class="bubble {parts.maybe(0.5, "mine")}">{parts.texts.sentences(1, 2)}</div>' for _ in parts.some(4, 12)
    )
    inside = f'<div class="card">{bubbles}<div class="row nowrap"><input placeholder="{parts.texts.label()}" style="flex:1">{parts.button()}</div></div>'
    people = f'<div class="stack">{"".join(parts.person() for _ in parts.some(3, 7))}</div>'
    if parts.width < 800:
        return f'{parts.header()}<main class="wrap">{inside}</main>'
    return f'{parts.header()}<main class="wrap split" style="--side:320px">{people}{inside}</main>'


def _mail(parts: Parts) -> str:
    rows = "".join(parts.person() for _ in parts.some(6, 14))
    return f'{parts.header()}<main class="wrap">{parts.with_sidebar(f"""<div class="stack" style="--gap:6px">{rows}</div>""")}</main>'


def _docs(parts: Parts) -> str:
    between = parts.random.choice(["/", "›", "»", "|", "→", "·"])
    crumbs = f'<div class="row small muted" style="gap:.5em"><a href="#">{parts.texts.label()}</a><span>{between}</span><span>{parts.texts.label()}</span></div>'
    inside = f"{crumbs}<h1>{parts.texts.title()}</h1>{parts.prose()}{parts.code()}{parts.maybe(0.5, parts.definitions())}{parts.maybe(0.5, parts.table())}"
    return f'{parts.header()}<main class="wrap">{parts.with_sidebar(inside)}</main>'


def _landing(parts: Parts) -> str:
    sections = []
    for _ in parts.some(2, 4):
        sections.append(
            parts.random.choice(
                [
                    parts.cards,
                    lambda: (
                        f'<div class="grid" style="--cell:300px"><div>{parts.photo()}</div><div><h2>{parts.texts.title()}</h2><p>{parts.texts.sentences(2, 4)}</p>{parts.buttons()}</div></div>'
                    ),
                    lambda: (
                        f'<div class="row" style="justify-content:center">{"".join(parts.figure_card() for _ in parts.some(2, 4))}</div>'
                    ),
                    lambda: f"<h2>{parts.texts.title()}</h2>{parts.rail()}",
                    lambda: f"<blockquote><p>{parts.texts.sentences(1, 2)}</p>{parts.faces()}</blockquote>",
                ]
            )()
        )
    inside = "".join(f'<section class="wrap">{section}</section>' for section in sections)
    return f"{parts.header()}{parts.hero()}{inside}{parts.footer()}"


def _admin(parts: Parts) -> str:
    settings = "".join(
        f'<div class="row card"><div style="flex:1 1 200px"><strong>{parts.texts.words(1, 3)}</strong><div class="muted small">{parts.texts.words(4, 12)}</div></div>{parts.button()}</div>'
        for _ in parts.some(3, 7)
    )
    fade = parts.maybe(0.4, f'<div class="card"><div class="fade"><p>{parts.texts.sentences(6, 9)}</p></div></div>')
    return f'{parts.header()}<main class="wrap">{parts.with_sidebar(f"""<div class="stack"><h2>{parts.texts.title()}</h2>{settings}{fade}{parts.table()}</div>""")}</main>'


def _pricing(parts: Parts) -> str:
    plans = "".join(
        f'<div class="card"><h3>{parts.texts.label()}</h3><div class="big">{parts.texts.number()}</div><ul class="facts">{"".join(f"<li>{parts.texts.words(2, 5)}</li>" for _ in range(4))}</ul>{parts.button()}</div>'
        for _ in parts.some(2, 4)
    )
    return f'{parts.header()}<main class="wrap stack"><h1 style="text-align:center">{parts.texts.title()}</h1><div class="grid" style="--cell:210px">{plans}</div>{parts.table()}</main>{parts.footer()}'


def _profile(parts: Parts) -> str:
    top = f'<div class="row card">{parts.avatar()}<div style="flex:1 1 180px"><h2 style="margin:0">{parts.texts.name()}</h2><div class="muted">{parts.texts.words(3, 8)}</div></div>{parts.buttons()}</div>'
    posts = "".join(
        f'<article class="card"><p>{parts.texts.sentences(1, 4)}</p>{parts.maybe(0.4, parts.photo())}{parts.tags()}</article>'
        for _ in parts.some(2, 6)
    )
    return f'{parts.header()}<main class="wrap narrow stack">{top}{parts.faces()}{posts}</main>'


TEMPLATES: dict[str, Callable[[Parts], str]] = {
    "article": _article, "shop": _shop, "dashboard": _dashboard, "form": _form, "table": _table, "chat": _chat, "mail": _mail,
    "docs": _docs, "landing": _landing, "admin": _admin, "pricing": _pricing, "profile": _profile,
}  # fmt: skip
