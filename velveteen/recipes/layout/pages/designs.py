"""How pages look: families of designs, each of which chooses fonts, colours, sizes and shapes by chance within its bounds."""

import colorsys
import random
from collections.abc import Callable

from velveteen.errors import unknown_name

_SANS = (
    "'DejaVu Sans'", "'Liberation Sans'", "Arial", "Verdana", "Helvetica", "system-ui", "'Noto Sans'", "'Liberation Sans Narrow'",
    "Roboto", "'Open Sans'", "Lato", "Inter", "Cantarell", "Carlito", "Quicksand", "Cabin", "Dosis", "'Segoe UI'", "Tahoma",
)  # fmt: skip
_SERIF = (
    "'DejaVu Serif'", "'Liberation Serif'", "Georgia", "'Times New Roman'", "'Noto Serif'", "'EB Garamond'", "Caladea", "Cambria",
    "'Linux Libertine O'",
)  # fmt: skip
_MONO = (
    "'DejaVu Sans Mono'", "'Liberation Mono'", "'Courier New'", "Consolas", "'JetBrains Mono'", "'Fira Code'", "Hack", "'Roboto Mono'",
)  # fmt: skip
"""Those that are on the machine count; Chromium takes the next one for others."""


def _stack(chance: random.Random, names: tuple[str, ...], last: str) -> str:
    return ", ".join([*chance.sample(names, 2), last])


def _hex(hue: float, lightness: float, saturation: float) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, min(1, max(0, lightness)), saturation)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _base(chance: random.Random, dark: bool) -> dict[str, str]:
    """What all families begin with."""
    hue, tint = chance.random(), chance.random() * 0.25
    if dark:
        ground, panel, ink = (_hex(hue, light, tint) for light in (0.07, 0.13, 0.9))
        muted, line = _hex(hue, 0.64, tint / 2), _hex(hue, 0.26, tint)
        accent, on_accent = _hex(hue + chance.random(), chance.uniform(0.6, 0.75), 0.7), "#101010"
    else:
        ground, panel, ink = (
            _hex(hue, chance.uniform(0.93, 1), tint),
            _hex(hue, chance.uniform(0.97, 1), tint),
            _hex(hue, 0.12, tint),
        )
        muted, line = _hex(hue, 0.4, tint), _hex(hue, 0.83, tint)
        accent, on_accent = _hex(hue + chance.random(), chance.uniform(0.25, 0.42), 0.8), "#ffffff"
    dense = chance.choice([0.6, 0.8, 1, 1, 1.25, 1.5])
    # Rows of short strokes look like the tops of letters that were cut; so there must be sound ones to learn from.
    stroke, wide = chance.choice(["solid", "solid", "solid", "dashed", "dotted"]), chance.choice([1, 1, 1, 2, 3])
    under = chance.choice(["underline", "underline", "none", "underline dotted", "underline dashed", "underline wavy"])
    code, on_code = chance.choice([("#22252b", "#e4e4e4"), (panel, ink), (_hex(hue, 0.2 if dark else 0.93, tint), ink)])
    return {
        "code": code, "on-code": on_code, "bg": ground, "panel": panel, "ink": ink, "muted": muted, "line": line, "accent": accent, "on-accent": on_accent,
        "size": f"{chance.choice([12, 13, 14, 15, 16, 16, 17, 18])}px", "leading": f"{chance.uniform(1.3, 1.75):.2f}",
        "gap": f"{round(16 * dense)}px", "pad": f"{round(16 * dense)}px", "radius": f"{chance.choice([0, 2, 4, 8, 12])}px",
        "rule": f"{wide}px {stroke} {line}", "border": f"{wide}px {stroke} {line}", "under": under, "shadow": "none", "font": _stack(chance, _SANS, "sans-serif"),
        "head": "inherit", "weight": chance.choice(["400", "600", "700", "800"]), "case": "none", "panel-fill": panel,
        "ratio": f"{chance.uniform(1.1, 1.45):.2f}", "round": chance.choice(["50%", "6px", "0"]), "measure": f"{chance.choice([38, 46, 60, 72])}em",
    }  # fmt: skip


def _plain(chance: random.Random, look: dict[str, str]) -> None:
    look["shadow"] = chance.choice(["none", "0 1px 2px rgba(0,0,0,.12)"])


def _material(chance: random.Random, look: dict[str, str]) -> None:
    look.update({"border": "0", "shadow": f"0 {chance.randint(1, 4)}px {chance.randint(4, 14)}px rgba(0,0,0,.28)"})
    look["case"] = chance.choice(["none", "uppercase"])


def _utility(chance: random.Random, look: dict[str, str]) -> None:
    look.update(
        {
            "radius": chance.choice(["6px", "8px", "12px"]),
            "shadow": "0 1px 3px rgba(0,0,0,.1), 0 1px 2px rgba(0,0,0,.06)",
        }
    )


def _newspaper(chance: random.Random, look: dict[str, str]) -> None:
    serif = _stack(chance, _SERIF, "serif")
    look.update({"font": serif, "head": serif, "radius": "0", "border": "0", "panel-fill": "transparent"})
    look["shadow"] = f"0 -1px 0 {look['ink']}"


def _brutal(chance: random.Random, look: dict[str, str]) -> None:
    width = chance.randint(2, 4)
    look.update({"radius": "0", "border": f"{width}px solid {look['ink']}", "weight": "800", "case": "uppercase"})
    look["shadow"] = f"{width * 2}px {width * 2}px 0 {look['ink']}"


def _terminal(chance: random.Random, look: dict[str, str]) -> None:
    mono = _stack(chance, _MONO, "monospace")
    look.update(
        {
            "font": mono,
            "head": mono,
            "radius": "0",
            "border": f"1px {chance.choice(['dashed', 'solid'])} {look['accent']}",
        }
    )


def _glass(chance: random.Random, look: dict[str, str]) -> None:
    look.update({"radius": "16px", "shadow": "0 8px 24px rgba(0,0,0,.18)"})
    look["bg"] = f"linear-gradient({chance.randint(0, 180)}deg, {look['bg']}, {look['line']})"


def _soft(chance: random.Random, look: dict[str, str]) -> None:
    look.update({"border": "0", "radius": f"{chance.randint(14, 28)}px", "panel-fill": look["line"], "round": "50%"})


def _corporate(chance: random.Random, look: dict[str, str]) -> None:
    look.update({"head": _stack(chance, _SERIF, "serif"), "radius": chance.choice(["0", "3px"]), "weight": "400"})


def _dense(chance: random.Random, look: dict[str, str]) -> None:
    look.update(
        {"size": chance.choice(["11px", "12px", "13px"]), "gap": "6px", "pad": "7px", "leading": "1.3", "ratio": "1.12"}
    )


def _outline(chance: random.Random, look: dict[str, str]) -> None:
    look.update(
        {
            "panel-fill": "transparent",
            "border": f"{chance.choice([1, 2])}px {chance.choice(['solid', 'dashed', 'dotted'])} {look['accent']}",
            "radius": chance.choice(["0", "4px", "18px"]),
        }
    )


def _poster(chance: random.Random, look: dict[str, str]) -> None:
    look.update(
        {
            "ratio": f"{chance.uniform(1.4, 1.6):.2f}",
            "weight": "800",
            "border": "0",
            "panel-fill": look["bg"],
            "gap": "28px",
        }
    )


DESIGNS: dict[str, Callable[[random.Random, dict[str, str]], None]] = {
    "plain": _plain, "material": _material, "utility": _utility, "newspaper": _newspaper, "brutal": _brutal, "terminal": _terminal,
    "glass": _glass, "soft": _soft, "corporate": _corporate, "dense": _dense, "outline": _outline, "poster": _poster,
}  # fmt: skip

_RULES = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: var(--size)/var(--leading) var(--font); overflow-wrap: anywhere; min-height: 100vh; }
h1, h2, h3, h4 { font-family: var(--head); font-weight: var(--weight); line-height: 1.25; margin: 0 0 .5em; }
h1 { font-size: calc(1em * var(--ratio) * var(--ratio) * var(--ratio)); } h2 { font-size: calc(1em * var(--ratio) * var(--ratio)); }
h3 { font-size: calc(1em * var(--ratio)); } h4 { font-size: 1em; }
p { margin: 0 0 .8em; } a { color: var(--accent); text-decoration: var(--under); } img { max-width: 100%; vertical-align: middle; object-fit: cover; }
code, pre, kbd { font-family: 'DejaVu Sans Mono', 'Liberation Mono', monospace; font-size: .9em; }
code { background: var(--line); padding: .1em .3em; border-radius: 3px; } mark { background: #ffe58a; color: #222; }
.wrap { max-width: 1180px; margin: 0 auto; padding: var(--gap); } .narrow { max-width: var(--measure); }
.stack > * + * { margin-top: var(--gap); } .row { display: flex; flex-wrap: wrap; gap: var(--gap); align-items: center; }
.row > *, .grid > *, .split > * { min-width: 0; } .push { margin-inline-start: auto; } .nowrap { flex-wrap: nowrap; }
.grid { display: grid; gap: var(--gap); grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--cell, 200px)), 1fr)); }
.split { display: grid; gap: var(--gap); grid-template-columns: var(--side, 220px) minmax(0, 1fr); align-items: start; }
.card { background: var(--panel-fill); border: var(--border); border-radius: var(--radius); box-shadow: var(--shadow); padding: var(--pad); position: relative; }
.top { background: var(--panel); border-bottom: var(--rule); padding: calc(var(--pad) * .7) var(--pad); }
.sticky { position: sticky; top: 0; z-index: 10; } .bar { background: var(--accent); color: var(--on-accent); } .bar a { color: inherit; }
.menu { display: flex; flex-wrap: wrap; gap: .4em 1.2em; list-style: none; margin: 0; padding: 0; } .menu a { text-decoration: none; }
.side { list-style: none; margin: 0; padding: 0; } .side a { display: block; padding: .35em .7em; text-decoration: none; border-radius: var(--radius); }
.side .on { background: var(--accent); color: var(--on-accent); }
.btn { display: inline-block; font: inherit; background: var(--accent); color: var(--on-accent); border: 1px solid var(--accent); border-radius: var(--radius); padding: .45em 1em; text-decoration: none; text-transform: var(--case); max-width: 100%; }
.ghost { background: transparent; color: var(--accent); } .plain { font: inherit; background: none; border: 0; color: inherit; } .muted { color: var(--muted); } .small { font-size: .85em; } .big { font-size: 1.7em; font-weight: 700; line-height: 1.2; }
.tag { display: inline-block; font-size: .8em; padding: .1em .6em; border: var(--rule); border-radius: 99px; background: var(--bg); }
.avatar { width: 40px; height: 40px; flex: none; border-radius: var(--round); position: relative; display: inline-flex; align-items: center; justify-content: center; background: var(--accent); color: var(--on-accent); font-size: 14px; }
.avatar img { width: 100%; height: 100%; border-radius: inherit; } .faces .avatar + .avatar { margin-inline-start: -12px; outline: 2px solid var(--panel); }
.dot { position: absolute; top: -4px; inset-inline-end: -4px; min-width: 16px; height: 16px; font-size: 10px; line-height: 16px; text-align: center; border-radius: 99px; background: #d32f2f; color: #fff; padding: 0 4px; z-index: 1; }
.ellipsis { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; } .clamp { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip: rect(0 0 0 0); white-space: nowrap; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } th, td { text-align: start; padding: .45em .7em; border-bottom: var(--rule); overflow-wrap: normal; }
.wide { min-width: 900px; } .wide td { white-space: nowrap; } pre { background: var(--code); color: var(--on-code); padding: var(--pad); border-radius: var(--radius); overflow: auto; margin: 0 0 1em; }
.rail { display: flex; gap: var(--gap); overflow-x: auto; } .rail > * { flex: 0 0 var(--slide, 220px); }
.window { overflow: hidden; } .window .track { display: flex; gap: var(--gap); } .window .track > * { flex: 0 0 var(--slide, 220px); }
label { display: block; font-size: .9em; margin-bottom: .25em; } input, select, textarea { font: inherit; color: inherit; background: var(--panel); border: var(--rule); border-radius: var(--radius); padding: .4em .6em; width: 100%; }
input[type=checkbox], input[type=radio] { width: auto; } .bubble { border-radius: 14px; padding: .5em .9em; max-width: 75%; width: fit-content; background: var(--line); margin-bottom: 8px; } .mine { margin-inline-start: auto; background: var(--accent); color: var(--on-accent); }
.shade { position: fixed; inset: 0; background: rgba(0, 0, 0, .55); z-index: 20; } .modal { position: fixed; z-index: 21; top: 12vh; left: 50%; transform: translateX(-50%); width: min(440px, 90vw); background: var(--panel); border: var(--border); border-radius: var(--radius); padding: calc(var(--pad) * 1.4); }
.blob { position: absolute; width: 220px; height: 220px; border-radius: 50%; background: var(--accent); opacity: .15; top: -60px; inset-inline-end: -60px; z-index: -1; } .hold { position: relative; overflow: hidden; isolation: isolate; }
.cut { clip-path: polygon(0 0, 100% 0, 100% 92%, 0 100%); padding-bottom: 14%; } .hero { padding: calc(var(--pad) * 2.2) var(--pad); text-align: var(--hero, start); }
.ribbon { position: absolute; top: 10px; inset-inline-start: -6px; background: #d32f2f; color: #fff; font-size: .75em; padding: 2px 10px; z-index: 2; } .over { position: relative; } .over figcaption { position: absolute; inset: auto 0 0 0; background: rgba(0, 0, 0, .62); color: #fff; padding: .4em .8em; }
figure { margin: 0 0 1em; } .meter { height: 8px; border-radius: 9px; background: var(--line); overflow: hidden; } .meter > i { display: block; height: 100%; background: var(--accent); } hr { border: 0; border-top: var(--rule); margin: 1em 0; } .note { border-inline-start: 4px solid var(--accent); background: var(--line); padding: calc(var(--pad) * .6) var(--pad); margin: 0 0 1em; } dd { margin-inline-start: 2em; } ul.facts { padding-inline-start: 1.2em; } blockquote { margin: 0 0 1em; padding-inline-start: 1em; border-inline-start: 4px solid var(--accent); }
.toast { position: fixed; bottom: 16px; inset-inline-end: 16px; z-index: 15; max-width: 260px; background: var(--ink); color: var(--panel); padding: .7em 1em; border-radius: var(--radius); box-shadow: 0 4px 14px rgba(0,0,0,.3); } .fade { max-height: 7.5em; overflow: hidden; -webkit-mask-image: linear-gradient(#000 40%, transparent); mask-image: linear-gradient(#000 40%, transparent); }
"""


def css(chance: random.Random, design: str, dark: bool) -> str:
    """Returns a style sheet of a family of designs.

    Raises:
        UnknownNameError: there is no such family.
    """
    if design not in DESIGNS:
        raise unknown_name("design", design, DESIGNS)
    look = _base(chance, dark)
    DESIGNS[design](chance, look)
    variables = "; ".join(f"--{name}: {value}" for name, value in look.items())
    return f":root {{ {variables}; color-scheme: {'dark' if dark else 'light'}; }}{_RULES}"
