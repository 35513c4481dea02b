"""An outline as one HTML page that needs nothing else: the picture, a search, and the full line of each node."""

from __future__ import annotations

from .draw import svg
from .outline import Outline

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>graphc graph</title>
<style>
body { margin: 0; font: 14px Helvetica, Arial, sans-serif; }
header { position: sticky; top: 0; padding: 8px 12px; background: #ffffffee; border-bottom: 1px solid #ccc; }
#search { width: 20em; font: inherit; }
#line { margin: 6px 0 0; min-height: 1.3em; font-family: monospace; white-space: pre-wrap; }
#graph.searched .node { opacity: 0.15; }
#graph.searched .node.found { opacity: 1; }
#graph svg { display: block; margin: auto; }
#graph.fitted svg { max-width: 100%; height: auto; }
.node { cursor: pointer; }
.node.picked polygon, .node.picked path { stroke: #d00; stroke-width: 2; }
</style>
</head>
<body>
<header>
<input id="search" type="search" placeholder="search names, operators, lines" aria-label="search">
<label><input id="fit" type="checkbox" checked> fit</label>
<span id="count">COUNT</span>
<p id="line">Click a node.</p>
</header>
<div id="graph" class="fitted">
PICTURE
</div>
<script>
"use strict";
const graph = document.getElementById("graph"), count = document.getElementById("count"), all = count.textContent;
const nodes = [...graph.querySelectorAll("g.node")];
const text = new Map(nodes.map(n => [n, n.querySelector("a").getAttribute("xlink:title")]));
document.getElementById("search").addEventListener("input", event => {
  const wanted = event.target.value.toLowerCase();
  let found = 0;
  for (const n of nodes) {
    const hit = wanted !== "" && text.get(n).toLowerCase().includes(wanted);
    n.classList.toggle("found", hit);
    found += hit;
  }
  graph.classList.toggle("searched", wanted !== "");
  count.textContent = wanted === "" ? all : `${found} of ${nodes.length} found`;
});
document.getElementById("fit").addEventListener("change", event => graph.classList.toggle("fitted", event.target.checked));
graph.addEventListener("click", event => {
  const node = event.target.closest("g.node");
  if (node === null) return;
  event.preventDefault();
  nodes.forEach(n => n.classList.toggle("picked", n === node));
  document.getElementById("line").textContent = text.get(node);
});
</script>
</body>
</html>
"""


def page(shown: Outline) -> str:
    """The outline as a self-contained HTML page."""
    picture = svg(shown)
    counted = f"{len(shown.boxes)} boxes for {shown.total} nodes"
    return _PAGE.replace("COUNT", counted, 1).replace("PICTURE", picture[picture.index("<svg"):], 1)
