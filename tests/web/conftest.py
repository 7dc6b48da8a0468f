"""Inputs for the browser side, and what Python makes of them."""

import json

import numpy as np
import pytest

import velveteen as vt
from velveteen.recipes.layout.faults import FAULTS
from velveteen.recipes.layout.main import load
from velveteen.recipes.layout.model import LAST, grid, unet

SAMPLES = {
    "javascript": '''// a comment
import x from   "y"
const f=(a,b)=>{return {a:1,b:[1,2,3],...c}}
/* block
      * star
   * comment */
class A extends B{constructor(){super();this.x=1}
 get y(){return `tpl ${x}
 more`}}
if(a){b()}else if(c){d()} else {e()}
const wide = "日本語" + "é\u0301🙂" ; foo(function(){ return bar?baz:qux }, [aaaaaaaaaaaaaaaaaaaaaaaa,bbbbbbbbbbbbbbbbbbbbbb,ccccccccccccc])
const el = <div className="a">text {x} more <b>bold</b>
   next line</div>;
i = i + +j - -k; a++ + ++b
''',
    "typescript": """interface A{x:number;y?:string[]}
export async function f<T extends A>(a:T,...rest:any[]):Promise<void>{for(const x of rest){await x;}
 switch(a.x){case 1:break;default:return}}
abstract class Q{abstract f():void;private readonly z=1}
""",
    "tsx": "const C:React.FC<P>=({a,b})=>(<ul>{a.map(x=><li key={x}>{x}</li>)}</ul>);\n",
    "css": """@import "x.css";
:root{--a:1px;--b : red}
a:hover,b>c ~ d + e,.x .y#z[data-a="b"]{color:red;background:url(x.png) no-repeat , linear-gradient( to right,#fff 0%,rgba(0,0,0,.5) 100%)}
@media (max-width:100px) and (min-width : 20px){.a{margin:0 auto!important}}
/* c
 * d */
""",
    "json": '{"a":1,"b":[1,2,{"c":null}],"d":{"e":[],"f":{}},"long":["aaaaaaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbbbbbbbbbb","cccccccccc"]}',
    "python": '''import os,sys
def f(a,b = 1,*args,**kw):
    """Doc"""
    if a:return {k:v for k,v in b.items()}
    x=[1,2,3][::2]; y = lambda q:q+1
    return some_function_with_a_long_name(argument_number_one, argument_number_two, argument_number_three)
class A(B):
  x:int=1
  @property
  def y(self):  # why
      return f"{self.x!r:>{10}}"
''',
}  # fmt: skip
OTHERS = [
    ("javascript", "\ufeffa = 1\r\n/*\r\n * z\r\n*/\r\nb = {x:1}\r\n"),
    ("javascript", "let a = 1;\nlet b = @;\n"),
    ("json", " \n"),
    ("css", "a{}\rb{}"),
    ("javascript", "".join(f"call{number}(first, {{ second: [third, {number}] }});" for number in range(40))),
]


def formatter_numbers():
    """Returns samples of each pretrained model, and what Python makes of them."""
    from velveteen.recipes.formatter import data, features
    from velveteen.recipes.formatter.decode import decide
    from velveteen.recipes.formatter.formatter import PRETRAINED, pretrained
    from velveteen.recipes.formatter.languages import named
    from velveteen.recipes.formatter.tokens import parse

    groups = {}
    for name, code in [*SAMPLES.items(), *OTHERS]:
        language = named(name)
        formatter = pretrained(language)
        (made,) = formatter.format([code.encode()], language)
        gap = np.zeros(0)
        if made.error is None:
            batch = data.join([parse(code.lstrip("\ufeff").replace("\r\n", "\n").encode(), language)])
            if len(batch):
                facts = features.read(batch, formatter.reading.vocabulary, formatter.reading.contexts)
                where = decide(formatter.network, facts, formatter.style).layout
                seen = features.state(facts, where, formatter.style.limit, formatter.style.unit)
                gap = formatter.network.decide(formatter.network.read(facts), seen, np.arange(len(batch)))[0]
        folder = str(PRETRAINED / {"typescript": "javascript", "tsx": "javascript"}.get(name, name))
        told = {"text": made.content.decode(), "error": made.error, "gap": gap.ravel().tolist()}
        groups.setdefault(folder, []).append({"language": name, "code": code, **told})
    return [{"folder": folder, "samples": samples} for folder, samples in groups.items()]


def layout_numbers(folder):
    """Writes a network of random numbers to a folder; returns pictures, one so large that it takes tiles, and what it finds."""
    vt.set_random_seed(3)
    network = unet(4, 2)
    chance = np.random.default_rng(3)
    last = network.get_layer(LAST)
    last.set_weights([chance.normal(0, 2, (1, 1, 4, len(FAULTS))), chance.normal(-1, 1, len(FAULTS))])
    network.user_defined_metadata = {
        "recipe": "layout",
        "kinds": list(FAULTS),
        "thresholds": {kind: [0.4, 0.6] for kind in FAULTS},
        "multiple": grid(2),
        "input": {"outside": -1.0, "border": 32},
    }
    network.save(folder)
    detector = load(folder)
    pictures = []
    for width, height in ((150, 90), (40, 1700), (24, 4200)):
        pixels = np.full((height, width, 3), 235, np.uint8)
        for _ in range(height // 6):
            top, left = chance.integers(height), chance.integers(width)
            pixels[top : top + chance.integers(2, 20), left : left + chance.integers(2, 20)] = chance.integers(
                0, 255, 3
            )
        heat = detector.heat(pixels)
        spots = detector.spots(heat)
        findings = [
            {"kind": each.kind, "box": list(each.box), "score": each.score, "sure": each.sure} for each in spots
        ]
        told = {"findings": findings, "heat": heat.ravel().tolist()}
        pictures.append({"width": width, "height": height, "colours": pixels.ravel().tolist(), **told})
    return {"folder": str(folder), "pictures": pictures}


@pytest.fixture(scope="session")
def numbers(tmp_path_factory):
    """Inputs, with what Python makes of them, also in a file `numbers.json` in its "file"."""
    pytest.importorskip("tree_sitter", reason="the extra formatter is not installed")
    folder = tmp_path_factory.mktemp("numbers")
    told = {"formatter": formatter_numbers(), "layout": layout_numbers(folder / "layout")}
    (folder / "numbers.json").write_text(json.dumps(told))
    return {**told, "file": folder / "numbers.json"}
