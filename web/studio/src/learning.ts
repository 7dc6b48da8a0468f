// Watch it learn: a small network on points of a plane, which bends the plane until a line parts them.

import { action, figure, h } from "./dom";
import type { Page } from "./main";
import { Bender, DATA_SETS, pointsOf, type Example } from "./bending";
import { Panel } from "./planes";

const CONTROLS = {
  data: "Which points to part: the network gets only their two coordinates, and must say the color.",
  layers: "How often the plane is bent. One layer bends it once; each further one bends what came out.",
  units: "How many folds one bend may have. With few, a spiral cannot be unrolled.",
  rate: "How far each step goes. Too small and it takes for ever; too large and it jumps over the goal.",
  color: "The color of the points that you set by clicking into the first plane; with Shift it is the other one.",
  noise: "How far the points stray. With much noise, perfection on them means learning them by heart.",
};

export const page: Page = async (place) => {
  const select = (id: string, values: (string | number)[], chosen: string | number) =>
    h("select", { id, onchange: () => void reset() }, ...values.map((value) => h("option", { value: String(value), selected: value === chosen }, String(value))));
  const data = select("data", [...Object.keys(DATA_SETS), "your own points"], "spirals");
  const layers = select("layers", [1, 2, 3, 4], 3);
  const units = select("units", [2, 4, 8, 16], 8);
  const rate = select("rate", [0.001, 0.003, 0.01, 0.03, 0.1], 0.01);
  const noise = select("noise", [0, 0.05, 0.1, 0.2], 0.05);
  const color = h("select", { id: "color" }, h("option", { value: "0" }, "first"), h("option", { value: "1" }, "second"));
  const told = h("p", { class: "told", role: "status" });
  const run = h("button", { class: "primary", onclick: () => toggle() }, "Train");
  const step = h("button", { onclick: action(async () => { await network.step(1); draw(); }) }, "One step");
  const again = h("button", { onclick: () => void reset() }, "Start over");
  const panels = h("div", { class: "panels" });
  const fields: [string, HTMLElement, string][] = [
    ["Points", data, CONTROLS.data], ["Layers", layers, CONTROLS.layers], ["Units a layer", units, CONTROLS.units],
    ["Learning rate", rate, CONTROLS.rate], ["Noise", noise, CONTROLS.noise], ["Color of new points", color, CONTROLS.color],
  ];
  place.append(
    h("h1", {}, "Watch it learn"),
    h("p", { class: "quiet" }, "Each layer bends the plane a little. Training changes how, again and again, until behind the last layer a straight line parts the colors."),
    h("div", { class: "controls" }, ...fields.map(([name, element, words]) =>
      h("div", { class: "field" }, h("label", { htmlFor: element.id }, name), element, h("small", {}, words)))),
    h("p", { class: "buttons" }, run, step, again),
    told,
    panels,
  );

  const bender = await Bender.ready();
  let own: Example[] = [];
  let network = bender.network(3, 8, 0.01);
  let views: Panel[] = [];
  let running = false;
  let left = false;

  async function reset() {
    running = false;
    run.textContent = "Train";
    network.dispose();
    network = bender.network(Number(layers.value), Number(units.value), Number(rate.value));
    noise.disabled = data.value === "your own points";
    noise.parentElement!.hidden = noise.disabled;
    color.parentElement!.hidden = !noise.disabled;
    const examples = noise.disabled ? own : pointsOf(data.value, Number(noise.value));
    await network.learnFrom(examples);
    if (left) return;
    const titles = ["The plane as it is, and what the network says", ...Array.from({ length: network.depth }, (_, i) => `After layer ${i + 1}`)];
    views = titles.map((title) => new Panel(title));
    views[0]!.onpoint = noise.disabled ? (x, y, isOther) => { own = [...own, { x, y, color: isOther === (color.value === "1") ? 0 : 1 }]; void network.learnFrom(own).then(draw); } : null;
    panels.replaceChildren(...views.map((view) => view.element));
    draw();
  }

  function draw() {
    const { planes, examples, says, loss, right } = network.look();
    views[0]!.drawPlane(says, examples);
    planes.forEach((plane, i) => views[i + 1]!.drawGrid(plane.grid, plane.points, examples, plane.line));
    const count = examples.length;
    told.textContent = count < 2
      ? "Click into the plane to set points of both colors. Then train."
      : `Step ${network.steps}: loss ${figure(loss)}, ${Math.round(100 * right)} % of ${count} points right.`;
  }

  function toggle() {
    running = !running;
    run.textContent = running ? "Pause" : "Train";
    if (running) void loop();
  }

  async function loop() {
    const own = network;
    while (running && !left && own === network) {
      await own.step(3).catch(() => undefined); // it may be disposed meanwhile
      if (left || own !== network) return;
      draw();
      await new Promise(requestAnimationFrame);
    }
  }

  await reset();
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", draw);
  return () => {
    left = true;
    scheme.removeEventListener("change", draw);
    network.dispose();
  };
};
