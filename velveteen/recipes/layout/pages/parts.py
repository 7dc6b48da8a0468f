"""The pieces pages are put together from, among them the sound things that look like faults to a rule."""

import random
from dataclasses import dataclass
from urllib.parse import quote

from velveteen.recipes.layout.pages.texts import Texts

_SIGNS = "‹›«»▾▸▴▲▼◂✓✕×★☆☰⋮…→←↑↓^#¶§+−•●○■□"
_DRAWN = (
    "M6 9l6 6 6-6", "M9 6l6 6-6 6", "M6 15l6-6 6 6", "M15 6l-6 6 6 6", "M5 5l14 14M19 5L5 19", "M12 5v14M5 12h14", "M4 6h16M4 12h16M4 18h16",
    "M5 13l5 5 9-11", "M10 4a6 6 0 1 0 .01 0M15 15l6 6", "M4 12h15M13 6l6 6-6 6", "M4 12l8-8 8 8M6 10v10h12V10", "M5 12h.01M12 12h.01M19 12h.01",
    "M5 20V10M12 20V4M19 20v-7", "M3 12c3-6 6-6 9 0s6 6 9 0", "M12 3v12M7 11l5 5 5-5M4 21h16", "M4 8h16M4 16h10", "M6 4h12v16l-6-5-6 5z",
)  # fmt: skip
"""Paths of icons in a square of 24: chevrons, cross, plus, menu, tick, lens, arrows, house, dots, bars, wave, lines, bookmark."""


@dataclass(frozen=True)
class Parts:
    """Writes pieces of HTML.

    Args:
        random: where chance comes from.
        texts: writes the words.
        width: of the viewport, in CSS pixels.
    """

    random: random.Random
    texts: Texts
    width: int

    def maybe(self, share: float, html: str) -> str:
        """Returns the piece in so many cases, else nothing."""
        return html if self.random.random() < share else ""

    def some(self, least: int, most: int) -> range:
        """Returns so many numbers."""
        return range(self.random.randint(least, most))

    def image(self, width: int, height: int, style: str = "") -> str:
        """Returns a picture that it draws itself: a landscape, a chart, shapes or stripes."""
        chance = self.random
        hue = chance.randrange(360)
        shapes = [
            f'<rect width="100%" height="100%" fill="hsl({hue},{chance.randint(10, 70)}%,{chance.randint(30, 85)}%)"/>'
        ]
        kind = chance.choice(["hills", "chart", "shapes", "stripes"])
        for i in self.some(3, 9):
            color = f"hsl({(hue + chance.randint(-60, 60)) % 360},{chance.randint(20, 80)}%,{chance.randint(20, 80)}%)"
            x, y, size = chance.randrange(width), chance.randrange(height), chance.randint(4, max(5, width // 3))
            if kind == "hills":
                shapes.append(
                    f'<ellipse cx="{x}" cy="{height}" rx="{size * 2}" ry="{chance.randint(height // 5, height // 2 + height // 5)}" fill="{color}"/>'
                )
            elif kind == "chart":
                shapes.append(
                    f'<rect x="{i * width // 9}" y="{y}" width="{width // 12}" height="{height}" fill="{color}"/>'
                )
            elif kind == "shapes":
                shapes.append(f'<circle cx="{x}" cy="{y}" r="{size}" fill="{color}" opacity=".7"/>')
            else:
                shapes.append(
                    f'<rect x="0" y="{i * height // 8}" width="{width}" height="{height // 16 + 1}" fill="{color}"/>'
                )
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" preserveAspectRatio="xMidYMid slice">{"".join(shapes)}</svg>'
        return f'<img alt="{self.texts.label()}" style="{style}" src="data:image/svg+xml,{quote(drawing)}">'

    def photo(self) -> str:
        """Returns a picture over the whole width of where it stands."""
        return self.image(
            320,
            self.random.choice([140, 180, 220]),
            f"width:100%;aspect-ratio:{self.random.choice(['16/9', '4/3', '1/1', '3/1'])};max-height:320px",
        )

    def avatar(self) -> str:
        """Returns a face, sometimes with a badge that stands over its edge."""
        inside = self.image(40, 40) if self.random.random() < 0.5 else f"<span>{self.texts.name()[0]}</span>"
        return f'<span class="avatar">{inside}{self.maybe(0.3, f"""<b class="dot">{self.random.randint(1, 12)}</b>""")}</span>'

    def faces(self) -> str:
        """Returns faces that overlap."""
        return f'<div class="row nowrap faces" style="gap:0">{"".join(self.avatar() for _ in self.some(2, 5))}</div>'

    def icon(self) -> str:
        """Returns a small sign, which is no letter that was cut: drawn, written, or two borders of a turned box."""
        size = self.random.choice([8, 10, 12, 14, 16, 20, 24])
        kind = self.random.random()
        if kind < 0.3:
            return (
                f'<span aria-hidden="true" style="font-size:{size}px;line-height:1">{self.random.choice(_SIGNS)}</span>'
            )
        if kind < 0.45:
            turn = self.random.choice([45, 135, 225, 315])
            return f'<i style="display:inline-block;width:{size / 2}px;height:{size / 2}px;border:solid;border-width:0 2px 2px 0;transform:rotate({turn}deg)"></i>'
        look = self.random.choice(["fill:currentColor", "fill:none", "fill:none"])
        drawn = f'<path d="{self.random.choice(_DRAWN)}" style="{look}" stroke="currentColor" stroke-width="{self.random.choice([1, 2, 3])}" stroke-linecap="round"/>'
        return f'<svg aria-hidden="true" viewBox="0 0 24 24" width="{size}" height="{size}" style="flex:none;vertical-align:middle">{drawn}</svg>'

    def tools(self) -> str:
        """Returns a row of small buttons with nothing but a sign."""
        close = self.random.choice([0, 2, 6])
        look = self.random.choice(["btn", "btn ghost", "plain"])
        buttons = "".join(
            f'<button class="{look}" style="padding:.3em .5em">{self.icon()}</button>' for _ in self.some(3, 8)
        )
        return f'<div class="row" style="gap:{close}px">{buttons}</div>'

    def pager(self) -> str:
        """Returns links to other pages of a list."""
        steps = ["‹", *(str(number + 1) for number in self.some(2, 5)), "…", str(self.random.randint(9, 99)), "›"]
        look = self.random.choice(["tag", "plain", "btn ghost"])
        return f'<div class="row" style="gap:.4em">{"".join(f"""<a href="#" class="{look}">{step}</a>""" for step in steps)}</div>'

    def button(self) -> str:
        """Returns a button, or a link that looks like one."""
        ghost = self.maybe(0.4, " ghost")
        hidden = self.maybe(0.15, f'<span class="sr">{self.texts.words(3, 8)}</span>')
        tag = self.random.choice(["a href='#'", "button"])
        before, after = self.maybe(0.2, f"{self.icon()} "), self.maybe(0.15, f" {self.icon()}")
        return f'<{tag} class="btn{ghost}">{before}{self.texts.label()}{after}{hidden}</{tag.split()[0]}>'

    def buttons(self) -> str:
        """Returns some buttons in a row."""
        return f'<div class="row">{"".join(self.button() for _ in self.some(1, 3))}</div>'

    def tags(self) -> str:
        """Returns some small labels."""
        return f'<div class="row" style="gap:.4em">{"".join(f"""<span class="tag">{self.texts.label()}</span>""" for _ in self.some(1, 5))}</div>'

    def header(self) -> str:
        """Returns the top of a page."""
        look = " ".join(["top", *self.random.choices([["sticky"], ["bar"], ["sticky", "bar"], []], k=1)[0]])
        links = "".join(
            f'<li><a href="#">{self.texts.label()}</a></li>' for _ in self.some(2, 3 if self.width < 600 else 6)
        )
        right = self.random.choice(
            [
                self.avatar(),
                self.button(),
                self.tools(),
                self.faces(),
                '<input type="search" style="width:130px" placeholder="…">',
            ]
        )
        return f'<header class="{look}"><div class="row">{self.maybe(0.3, self.icon())}<strong>{self.texts.label()}</strong><nav><ul class="menu">{links}</ul></nav><div class="push">{right}</div></div></header>'

    def footer(self) -> str:
        """Returns the end of a page."""
        columns = "".join(
            f'<div><h4>{self.texts.label()}</h4><ul class="side small">{"".join(f"""<li><a href="#">{self.texts.label()}</a></li>""" for _ in self.some(3, 5))}</ul></div>'
            for _ in self.some(2, 4)
        )
        return f'<footer class="top"><div class="wrap grid" style="--cell:140px">{columns}</div></footer>'

    def sidebar(self) -> str:
        """Returns a list of links; one of them is chosen, some are shortened with dots."""
        items = []
        sign = self.maybe(0.4, f"{self.icon()} ")
        for i in self.some(4, 9):
            short = self.random.random() < 0.3
            items.append(
                f'<li><a href="#" class="{"on" if i == 1 else ""}{" ellipsis" if short else ""}">{self.maybe(0.7, sign)}{self.texts.words(1, 6 if short else 2)}</a></li>'
            )
        return f'<nav class="card"><ul class="side">{"".join(items)}</ul></nav>'

    def with_sidebar(self, main: str) -> str:
        """Returns a list of links beside the main thing, or above it where there is no room."""
        if self.width < 700:
            return f'<div class="stack">{self.sidebar()}<div>{main}</div></div>'
        return f'<div class="split" style="--side:{self.random.choice([180, 220, 260])}px">{self.sidebar()}<div>{main}</div></div>'

    def card(self) -> str:
        """Returns a card."""
        text = self.random.choice(["", " class='clamp'", " class='muted small'", " class='muted'"])
        ribbon = self.maybe(0.12, f'<span class="ribbon">{self.texts.number()}</span>')
        return (
            f'<article class="card">{ribbon}{self.maybe(0.5, self.photo())}<h3{self.maybe(0.3, " class=ellipsis")}>{self.texts.title()}</h3>'
            f"<p{text}>{self.texts.sentences(1, 2)}</p>{self.maybe(0.4, self.tags())}{self.maybe(0.5, self.buttons())}</article>"
        )

    def cards(self) -> str:
        """Returns cards in a grid."""
        return f'<div class="grid" style="--cell:{self.random.choice([180, 220, 280])}px">{"".join(self.card() for _ in self.some(3, 8))}</div>'

    def figure_card(self) -> str:
        """Returns a card with one number."""
        return (
            f'<div class="card"><div class="muted small">{self.texts.label()}</div><div class="big">{self.texts.number()}</div>'
            f'{self.maybe(0.6, f"""<div class="meter"><i style="width:{self.random.randint(5, 95)}%"></i></div>""")}</div>'
        )

    def rail(self) -> str:
        """Returns cards beside each other that go on beyond the edge: to be scrolled, or cut there."""
        items = "".join(
            f'<div class="card">{self.photo()}<div>{self.texts.words(1, 4)}</div></div>' for _ in self.some(4, 9)
        )
        slide = self.random.choice([160, 200, 260])
        if self.random.random() < 0.5:
            return f'<div class="rail" style="--slide:{slide}px">{items}</div>'
        return f'<div class="window" style="--slide:{slide}px"><div class="track">{items}</div></div>'

    def table(self) -> str:
        """Returns a table that scrolls where it has no room."""
        columns = self.random.randint(2, 3 if self.width < 500 else 7)
        head = "".join(f"<th>{self.texts.label()}</th>" for _ in range(columns))
        rows = []
        for _ in self.some(4, 14):
            cells = [
                f"<td>{self.random.choice([self.texts.label, self.texts.number, self.texts.name, lambda: self.tags()])()}</td>"
                for _ in range(columns)
            ]
            rows.append(f"<tr>{''.join(cells)}</tr>")
        wide = self.maybe(0.35, " class=wide")
        return f'<div class="card scroll"><table{wide}><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'

    def code(self) -> str:
        """Returns lines of a program or of a terminal, some of them longer than their box, which scrolls; with rows of signs."""
        mark, length = self.random.choice("*-=#~_.+"), self.random.randint(3, 70)
        rows = [
            lambda: f"{mark * length}", lambda: f"# {self.texts.words(2, 8)}", lambda: f"# {mark * length}", lambda: f"/{'*' * length}/",
            lambda: '"""', lambda: f'"""{self.texts.words(1, 6)}"""', lambda: f"$ {self.texts.words(1, 3)} --{self._name(2)}",
            lambda: f"&gt;&gt;&gt; {self._name(2)}()", lambda: "...", lambda: "});", lambda: "",
            lambda: f"+{'-' * length}+{'-' * 12}+", lambda: f"| {self._name(1)} | {self.random.randint(0, 9999)} |",
        ]  # fmt: skip
        share = self.random.choice([0.0, 0.2, 0.5])
        lines = []
        for _ in self.some(3, 9):
            if self.random.random() < share:
                lines.append(self.random.choice(rows)())
            else:
                name = self._name(9)
                lines.append(
                    f"{'    ' * self.random.randint(0, 2)}{name} = {name[::-1]}({self.random.randint(0, 999)})"
                )
        return f"<pre><code style='background:none;padding:0'>{chr(10).join(lines)}</code></pre>"

    def _name(self, most: int) -> str:
        known = ["read", "write", "open", "value", "count", "result", "total", "user", "index", "page", "name"]
        return "_".join(self.random.choices(known, k=self.random.randint(1, most)))

    def note(self) -> str:
        """Returns words set apart: in a box, or between lines."""
        between = self.random.choice(
            ["<hr>", f'<p style="text-align:center">{" ".join(self.random.choice("*-•~") * 3)}</p>']
        )
        box = f'<div class="note"><strong>{self.maybe(0.5, self.icon())} {self.texts.label()}</strong><p>{self.texts.sentences(1, 3)}</p></div>'
        return self.random.choice([box, box, between])

    def definitions(self) -> str:
        """Returns names, as a program has them, each with what it means."""
        items = []
        for _ in self.some(2, 5):
            given = ", ".join(self._name(1) for _ in self.some(0, 3))
            items.append(
                f"<dt><code>{self._name(2)}({given})</code>{self.maybe(0.4, ' <a href=#>¶</a>')}</dt><dd><p>{self.texts.sentences(1, 2)}</p></dd>"
            )
        return f"<dl>{''.join(items)}</dl>"

    def field(self) -> str:
        """Returns a labelled field of a form."""
        kind = self.random.choice(["text", "text", "select", "area", "check"])
        label = self.texts.words(1, 3)
        if kind == "check":
            return f'<div><label class="row nowrap" style="gap:.5em"><input type="checkbox" {self.maybe(0.5, "checked")}><span>{self.texts.words(2, 6)}</span></label></div>'
        control = {
            "text": f'<input value="{self.maybe(0.5, self.texts.words(1, 3))}" placeholder="{self.texts.label()}">',
            "select": f"<select><option>{self.texts.label()}</option></select>",
            "area": f'<textarea rows="3">{self.texts.words(0, 12)}</textarea>',
        }[kind]
        help_text = self.maybe(0.3, f'<div class="muted small">{self.texts.words(4, 9)}</div>')
        return f"<div><label>{label}</label>{control}{help_text}</div>"

    def person(self) -> str:
        """Returns a row of a list: a face, a name, words that end in dots, a time."""
        return (
            f'<div class="row nowrap card">{self.avatar()}<div style="flex:1"><strong>{self.texts.name()}</strong>'
            f'<div class="ellipsis muted">{self.texts.words(4, 14)}</div></div><span class="small muted" style="flex:none">{self.texts.number()}</span></div>'
        )

    def prose(self) -> str:
        """Returns what articles are made of."""
        pieces = []
        for _ in self.some(3, 7):
            pieces.append(
                self.random.choice(
                    [
                        lambda: f"<p>{self.texts.sentences(2, 5)}</p>",
                        lambda: f"<p>{self.texts.sentences(2, 5)}</p>",
                        lambda: f"<h2>{self.texts.title()}</h2><p>{self.texts.sentences(1, 4)}</p>",
                        lambda: f"<blockquote><p>{self.texts.sentences(1, 2)}</p></blockquote>",
                        lambda: (
                            f'<ul class="facts">{"".join(f"<li>{self.texts.words(2, 12)}</li>" for _ in self.some(2, 6))}</ul>'
                        ),
                        lambda: (
                            f'<figure class="{self.maybe(0.4, "over")}">{self.photo()}<figcaption class="small">{self.texts.words(2, 8)}</figcaption></figure>'
                        ),
                        self.code,
                        self.note,
                        self.definitions,
                    ]
                )()
            )
        return "".join(pieces)

    def hero(self) -> str:
        """Returns the large opening of a page, with decoration that bleeds or an edge that is cut."""
        look = self.random.choice(["hero", "hero hold", "hero bar", "hero bar cut", "hero hold bar"])
        blob = '<div class="blob" aria-hidden="true"></div>' if "hold" in look else ""
        return (
            f'<section class="{look}" style="--hero:{self.random.choice(["start", "center"])}">{blob}<div class="wrap"><h1>{self.texts.title()}</h1>'
            f"<p>{self.texts.sentences(1, 2)}</p>{self.maybe(0.8, self.buttons() if 'bar' not in look else '')}</div></section>"
        )

    def layer(self) -> str:
        """Returns what lies over the page on purpose: a dialog or a message."""
        if self.random.random() < 0.5:
            return f'<div class="shade"></div><div class="modal" role="dialog"><h3>{self.texts.title()}</h3><p>{self.texts.sentences(1, 2)}</p>{self.buttons()}</div>'
        return f'<div class="toast" role="status">{self.texts.words(3, 9)}</div>'
