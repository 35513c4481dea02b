// The report's page: a graph that folds by scope, and tables of kernels, memory and steps, all from the JSON in the page.
import { Graphviz } from "@hpcc-js/wasm-graphviz";
import panzoom from "svg-pan-zoom";

const MOST = 300;                   // boxes drawn at once: a second of layout, and more than a reader follows
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  made.append(...children);          // strings become text nodes: names are never markup
  return made;
}

const short = (text, most = 60) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const bytes = (n) => (n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MiB` : n >= 1 << 10 ? `${(n / (1 << 10)).toFixed(1)} KiB` : `${n} B`);

// ------------------------------------------------------------------ one stage of the graph

class Stage {
  constructor(stage) {
    // {id, name, operator, type, line, inputs, controls, kernel, partners, group}
    this.nodes = stage.rows.map((row, i) => ({ ...data.rows[row], group: stage.where[i] }));
    this.groups = stage.groups;       // {name, parent, title}: parent is an index or null
    this.byId = new Map(this.nodes.map((n) => [n.id, n]));
    this.users = new Map(this.nodes.map((n) => [n.id, []]));
    for (const n of this.nodes) for (const x of n.inputs) this.users.get(x)?.push(n.id);
    this.sizes = this.groups.map(() => 0);
    for (const n of this.nodes) for (const g of this.above(n.group)) this.sizes[g] += 1;
  }

  above(group) {                      // a group and those around it, innermost first
    const found = [];
    for (let g = group; g !== null; g = this.groups[g].parent) found.push(g);
    return found;
  }

  shown(node, open) {                 // the box that stands for a node: itself, or the outermost closed group around it
    const closed = this.above(node.group).filter((g) => !open.has(g));
    return closed.length ? `g${closed.at(-1)}` : `n${node.id}`;
  }

  dot(open) {                         // what is shown, in Graphviz's language; every name in it is one of ours but the labels, which are quoted
    const stands = new Map(this.nodes.map((n) => [n.id, this.shown(n, open)]));
    const inside = new Map();         // an open group, or null -> its boxes
    const seen = new Set();
    const put = (group, text) => inside.set(group, [...(inside.get(group) ?? []), text]);
    for (const n of this.nodes) {
      const id = stands.get(n.id);
      if (seen.has(id)) continue;
      seen.add(id);
      if (id[0] === "n") {
        const look = n.kernel === null ? 'class="plain"' : `class="computed hue${n.kernel % HUES}"`;
        put(n.group, `${id} [id="${id}" label=${quoted(short(n.title, 28))} tooltip=${quoted(short(`${n.operator} ${n.type}  ${n.line}`, 200))} ${look}];`);
      } else {
        const g = this.groups[Number(id.slice(1))];
        put(g.parent, `${id} [id="${id}" label=${quoted(`${short(g.title, 28)} (${this.sizes[Number(id.slice(1))]})`)} tooltip=${quoted(short(g.name, 200))} peripheries=2 class="closed"];`);
      }
    }
    const visible = [...open].filter((g) => this.above(this.groups[g].parent).every((p) => open.has(p)));
    const children = new Map();
    for (const g of visible) children.set(this.groups[g].parent, [...(children.get(this.groups[g].parent) ?? []), g]);
    const lines = [];
    const work = [[null, 0]];           // an explicit stack: scopes nest as deeply as users like
    while (work.length) {
      const [group, closing] = work.pop();
      if (closing) { lines.push("}"); continue; }
      if (group !== null) {
        lines.push(`subgraph cluster_${group} { id="o${group}" label=${quoted(short(this.groups[group].title, 40))} class="open"`);
        work.push([group, 1]);
      }
      lines.push(...(inside.get(group) ?? []));
      for (const child of children.get(group) ?? []) work.push([child, 0]);
    }
    const edges = new Map();
    for (const n of this.nodes) {
      for (const [list, kind] of [[n.inputs, "data"], [n.controls, "control"]]) {
        for (const x of list) {
          const [from, to] = [stands.get(x), stands.get(n.id)];
          if (from === undefined || from === to) continue;
          const key = `${from} -> ${to} [class="${kind}"`;
          edges.set(key, [...(edges.get(key) ?? []), this.byId.get(x).shape]);
        }
      }
    }
    for (const [key, tensors] of edges) lines.push(`${key} tooltip=${quoted(tensors.length > 1 ? `${tensors.length} tensors` : tensors[0])}];`);
    return `digraph { graph [nslimit=1 mclimit=0.3 nodesep=0.18 ranksep=0.35 fontname="sans-serif" fontsize=11]
      node [shape=box style=rounded height=0.28 margin="0.1,0.04" fontname="sans-serif" fontsize=11] edge [arrowsize=0.6]
      ${lines.join("\n")} }`;
  }
}

const HUES = 12;
const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&").replace(/\s+/g, " ")}"`;

// ------------------------------------------------------------------ the drawing

const stages = data.stages.map((s) => new Stage(s));
let stage = stages[0];
let open = new Set();
let chosen = null;

const graphviz = await Graphviz.load();
let zoom = null;

function draw(centre = null) {
  zoom?.destroy();
  const made = new DOMParser().parseFromString(graphviz.layout(stage.dot(open), "svg", "dot"), "image/svg+xml").documentElement;
  made.removeAttribute("width");
  made.removeAttribute("height");
  $("graph").replaceChildren(document.adoptNode(made));
  zoom = panzoom($("graph").firstChild, { fit: true, center: true, minZoom: 0.05, maxZoom: 40, dblClickZoomEnabled: false, zoomScaleSensitivity: 0.25 });
  mark();
  if (centre !== null) look(centre);
  $("count").textContent = `${stage.nodes.length} nodes, ${made.querySelectorAll("g.node").length} boxes shown`;
  document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
}

function box(id) {
  return $("graph").querySelector(`[id="${id}"]`);
}

function look(id) {                     // bring a box to the middle, at a size that can be read
  const size = box(id)?.getBoundingClientRect().height;
  if (!size) return;
  if (size < 22) zoom.zoomBy(Math.min(26 / size, 60));
  requestAnimationFrame(() => requestAnimationFrame(() => {   // the zoom is drawn in the next frame
    const frame = $("graph").getBoundingClientRect();
    const at = box(id)?.getBoundingClientRect();
    if (at) zoom.panBy({ x: frame.x + frame.width / 2 - (at.x + at.width / 2), y: frame.y + frame.height / 2 - (at.y + at.height / 2) });
  }));
}

function boxesWith(groups) {
  return new Set(stage.nodes.map((n) => stage.shown(n, groups))).size;
}

function unfold(groups, centre = null) {
  const wider = new Set([...open, ...groups]);
  if (boxesWith(wider) > MOST) {
    say(`That would draw more than ${MOST} boxes. Fold something first, or search for a node.`);
    return false;
  }
  open = wider;
  draw(centre);
  return true;
}

function fold(group) {
  for (const g of [...open]) if (stage.above(g).includes(group)) open.delete(g);
  draw(`g${group}`);
}

function say(text) {
  $("message").textContent = text;
  setTimeout(() => { if ($("message").textContent === text) $("message").textContent = ""; }, 6000);
}

function mark() {
  for (const old of $("graph").querySelectorAll(".chosen, .partner")) old.classList.remove("chosen", "partner");
  if (chosen === null || !stage.byId.has(chosen)) return;
  const node = stage.byId.get(chosen);
  for (const p of node.partners) if (stage.byId.has(p)) box(stage.shown(stage.byId.get(p), open))?.classList.add("partner");
  box(stage.shown(node, open))?.classList.add("chosen");
}

function choose(id, move = true) {
  const node = stage.byId.get(id);
  if (!node) return;
  chosen = id;
  show("graph");
  const around = stage.above(node.group);
  const wider = new Set([...open, ...around]);
  if (boxesWith(wider) > MOST) open = new Set(around);        // fold everything else: the node must be seen
  else open = wider;
  if (move) draw(`n${id}`);
  else mark();
  describe(node);
  history.replaceState(null, "", `#${encodeURIComponent(node.name)}`);      // the address leads here again
}

function link(id) {
  const n = stage.byId.get(id);
  return element("button", { class: "link", onclick: () => choose(id) }, n ? `${short(n.title, 48)}: ${n.type}` : "a node of another stage");
}

function row(name, ...content) {
  return element("tr", {}, element("th", {}, name), element("td", {}, ...content));
}

function listed(ids) {
  const items = ids.slice(0, 40).map((i) => element("li", {}, link(i)));
  if (ids.length > 40) items.push(element("li", {}, `and ${ids.length - 40} more`));
  return element("ul", {}, ...items);
}

function describe(n) {
  const table = element("table", {}, row("operator", n.operator), row("type", n.type), row("line", n.line || "(none)"),
    ...Object.entries(n.attributes).map(([k, v]) => row(k, short(v, 300))));
  if (n.inputs.length) table.append(row("inputs", listed(n.inputs)));
  if (stage.users.get(n.id).length) table.append(row("used by", listed(stage.users.get(n.id))));
  if (n.partners.length) table.append(row(n.isGradient ? "gradient of" : "gradient", listed(n.partners)));
  if (n.kernel !== null)
    table.append(row("computed by", element("button", { class: "link", onclick: () => toKernel(n.kernel) }, data.kernels[n.kernel].title)));
  $("details").replaceChildren(element("h2", { title: short(n.name, 2000) }, short(n.name, 80)), table);
}

function hit(event) {
  return event.target.closest("g.node, g.cluster")?.id ?? null;
}

function aboutGroup(g, what, act) {
  $("details").replaceChildren(element("h2", {}, short(stage.groups[g].name, 80)),
    element("p", {}, `${stage.sizes[g]} nodes. Double-click, or `, element("button", { class: "link", onclick: act }, what), "."));
}

$("graph").addEventListener("click", (event) => {
  const id = hit(event);
  if (id === null) return;
  const i = Number(id.slice(1));
  if (id[0] === "n") choose(i, false);
  else if (id[0] === "g") aboutGroup(i, "unfold", () => unfold([i], `o${i}`));
  else aboutGroup(i, "fold", () => fold(i));
});
$("graph").addEventListener("dblclick", (event) => {
  const id = hit(event);
  if (id === null) return;
  const i = Number(id.slice(1));
  if (id[0] === "g") unfold([i], `o${i}`);
  else if (id[0] === "o") fold(i);
});

// ------------------------------------------------------------------ search, stages, tabs

function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  return stage.nodes.filter((n) => words.every((w) => `${n.name} ${n.operator} ${n.type} ${n.line}`.toLowerCase().includes(w)));
}

$("search").addEventListener("input", () => {
  const found = search($("search").value);
  $("found").replaceChildren(...found.slice(0, 50).map((n) => element("li", {}, element("button", { class: "link", onclick: () => {
    choose(n.id);
    $("found").replaceChildren();
  } }, `${short(n.name, 60)}  ${n.operator}`))));
  if (found.length > 50) $("found").append(element("li", {}, `and ${found.length - 50} more`));
});
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") $("found").querySelector("button")?.click();
  if (event.key === "Escape") $("found").replaceChildren();
});

data.stages.forEach((s, i) => $("stages").append(element("option", { value: i }, s.title)));
$("stages").addEventListener("change", () => {
  toStage(Number($("stages").value));
  start();
});
$("fit").addEventListener("click", () => zoom.reset());
$("foldall").addEventListener("click", () => { open = new Set(); draw(); });

function toStage(i) {
  $("stages").value = i;
  stage = stages[i];
  $("changes").textContent = data.stages[i].changes;
  $("changed").hidden = !data.stages[i].changes;
}

function show(name) {
  for (const tab of document.querySelectorAll("nav button")) tab.classList.toggle("on", tab.dataset.tab === name);
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `tab-${name}`;
  if (name === "graph" && zoom) zoom.resize();
}
for (const tab of document.querySelectorAll("nav button")) tab.addEventListener("click", () => show(tab.dataset.tab));

// ------------------------------------------------------------------ kernels, memory, steps

function toKernel(i) {
  show("kernels");
  $("kernels").children[i].open = true;
  $("kernels").children[i].scrollIntoView();
}

data.kernels.forEach((k) => {
  const names = element("ul", {}, ...k.nodes.map((id) => element("li", {}, stages[0].byId.has(id) || stages.some((s) => s.byId.has(id)) ? nodeButton(id) : "")));
  $("kernels").append(element("details", {}, element("summary", {}, k.title, element("span", { class: "faint" }, `  ${k.summary}`)),
    names, element("pre", {}, k.source)));
});

function nodeButton(id) {
  const at = stages.findLastIndex((s) => s.byId.has(id));
  const n = stages[at].byId.get(id);
  return element("button", { class: "link", onclick: () => {
    toStage(at);
    choose(id);
  } }, `${short(n.name, 60)}  ${n.line}`);
}

function compared(a, b) {               // numbers by size; steps of bodies, "7.body.2", behind those that run them
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}

function table(target, columns, rows) {
  const head = element("tr", {}, ...columns.map((c, i) => element("th", { onclick: () => sort(i) }, c)));
  const body = element("tbody");
  let ascending = false;
  function fill() { body.replaceChildren(...rows.map((r) => element("tr", {}, ...r.map((c) => element("td", { class: typeof c === "number" ? "number" : null }, String(c)))))); }
  function sort(i) {
    ascending = !ascending;
    rows.sort((a, b) => compared(a[i], b[i]) * (ascending ? 1 : -1));
    fill();
  }
  fill();
  $(target).append(element("table", { class: "wide" }, element("thead", {}, head), body));
}

const NS = "http://www.w3.org/2000/svg";
function drawing(tag, attributes, ...children) {
  const made = document.createElementNS(NS, tag);
  for (const [k, v] of Object.entries(attributes)) made.setAttribute(k, v);
  made.append(...children);
  return made;
}

function timeline() {                   // steps to the right, addresses upwards: two buffers that share memory lie side by side
  const { buffers, steps, peak } = data.memory;
  if (!buffers.length) { $("memory").append("This program needs no memory of its own."); return; }
  const width = 900, height = 320;
  const x = (s) => (s / Math.max(steps, 1)) * width;
  const y = (b) => height - (b / Math.max(peak, 1)) * height;
  const picture = drawing("svg", { viewBox: `-60 -10 ${width + 80} ${height + 40}`, role: "img", "aria-label": "memory over the steps of a run" });
  picture.append(drawing("line", { x1: 0, y1: height, x2: width, y2: height, class: "axis" }), drawing("line", { x1: 0, y1: 0, x2: 0, y2: height, class: "axis" }));
  for (const [value, text] of [[0, "0"], [peak, bytes(peak)]]) picture.append(drawing("text", { x: -8, y: y(value) + 4, "text-anchor": "end" }, text));
  picture.append(drawing("text", { x: width / 2, y: height + 24, "text-anchor": "middle" }, `step 0 to ${steps}`));
  buffers.forEach((b, i) => {
    const box = drawing("rect", { x: x(b.first), y: y(b.offset + b.bytes), width: Math.max(x(Math.min(b.last + 1, steps)) - x(b.first), 1.5), height: Math.max(y(b.offset) - y(b.offset + b.bytes), 1),
      fill: `hsl(${(i * 67) % 360} 55% 60%)`, class: "buffer" }, drawing("title", {}, `${short(b.name, 200)}: ${bytes(b.bytes)}, steps ${b.first} to ${b.last}`));
    if (b.node !== null) box.addEventListener("click", () => nodeButton(b.node).click());
    picture.append(box);
  });
  $("memory").append(picture);
}

timeline();
table("memory", ["value", "kind", "bytes", "offset", "first step", "last step"], data.memory.all.map((b) => [short(b.name, 80), b.kind, b.bytes, b.offset, b.first, b.last]));
table("steps", ["step", "computes", "microseconds", "share %", "bytes", "GB/s", "GFLOP/s", "line", "kind", "kernel", "trips", "microseconds an iteration"],
  data.steps.map((s) => [s.index, short(s.title, 80), s.microseconds, s.share, s.bytes, s.bandwidth, s.flops, s.line, s.kind, s.kernel, s.trips, s.iterations]));
for (const [k, v] of data.facts) $("facts").append(element("dt", {}, k), element("dd", {}, v));

function start() {
  const top = stage.groups.map((g, i) => [g, i]).filter(([g]) => g.parent === null).map(([, i]) => i);
  open = new Set();
  for (const g of top) {                // unfold while the picture stays small
    const wider = new Set([...open, g]);
    if (boxesWith(wider) <= 60) open = wider;
  }
  draw();
}

toStage(0);
show("graph");
start();
const wanted = decodeURIComponent(location.hash.slice(1));
const found = stage.nodes.find((n) => n.name === wanted || n.name === `${wanted}:0`);
if (found) choose(found.id);
window.report = { choose, unfold, fold, search };
