"""The report's page: what it holds, what cannot break out of it, and a walk through it in a headless Chromium."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

import graphc as tf
from graphc.cpu.cost import Cost
from graphc.cpu.tracing import Event, Work
from graphc.inspection.report import _steps
from tests import ROOT

HOSTILE = "</script><script>window.broken = 1</script>\"'\n&lt; $title ${data}"


def network(hidden=6):
    """A training step with two scopes: (placeholders and their feeds, fetches)."""
    rng = np.random.default_rng(1)
    x = tf.placeholder(tf.float32, [None, 5], name="x")
    h = x
    for i, width in enumerate((hidden, 3)):
        with tf.name_scope(f"layer{i}"):
            h = tf.tanh(h @ tf.Variable(rng.normal(size=(h.shape[1].value, width)).astype(np.float32), name="w"), name="out")
    loss = tf.reduce_mean(tf.square(h), name="loss")
    return {x: rng.normal(size=(4, 5)).astype(np.float32)}, [loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss)]


def data_of(page):
    """The JSON in a page, with the nodes of each stage written out."""
    (text,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    data = json.loads(text)
    for stage in data["stages"]:
        stage["nodes"] = [data["rows"][row] | {"group": group} for row, group in zip(stage["rows"], stage["where"], strict=True)]
    return data


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """(path of a report of the network, its data)"""
    path = tmp_path_factory.mktemp("report") / "report.html"
    with tf.Graph().as_default(), tf.Session() as session:
        feeds, fetches = network()
        session.run(tf.global_variables_initializer())
        before = session.run(tf.trainable_variables())
        tf.report(session, fetches, path, feed_dict=feeds, runs=3)
        for old, new in zip(before, session.run(tf.trainable_variables()), strict=True):
            np.testing.assert_array_equal(old, new)         # the runs that were timed trained nothing
    return path, data_of(path.read_text())


def test_the_page_is_complete_and_needs_no_network(written):
    text = written[0].read_text()
    outside = text.replace("http://www.w3.org", "")         # names of XML's vocabularies
    assert not re.search(r"(src|href)=[\"']?(https?:)?//|@import|url\(", outside) and "default-src 'none'" in text
    assert "$data" not in text and "$script" not in text


def test_what_the_page_holds(written):
    _, data = written
    titles = [s["title"] for s in data["stages"]]
    assert titles[0] == "as written" and titles[-1] == "scheduled" and "specialise" in " ".join(titles) and len(titles) >= 6
    first = {n["name"]: n for n in data["stages"][0]["nodes"]}
    tanh = first["layer0/out:0"]
    assert (tanh["operator"], tanh["type"]) == ("tanh", "float32[x.0,6]") and tanh["line"].startswith("test_report.py:")
    assert "tanh" in data["kernels"][tanh["kernel"]]["source"]
    assert data["stages"][0]["groups"][tanh["group"]]["title"] == "layer0"
    named = {n["id"]: n for n in data["stages"][0]["nodes"]}
    assert [named[p]["isGradient"] for p in tanh["partners"]] == [True]
    assert [named[p]["name"] for p in named[tanh["partners"][0]]["partners"]] == ["layer0/out:0"]
    assert len(data["steps"]) == int(dict(data["facts"])["steps"])
    assert all(isinstance(s["microseconds"], float) for s in data["steps"])
    assert sum(s["share"] for s in data["steps"]) == pytest.approx(100, abs=1)


def recurrent():
    """A loop over seven rows and a branch, whose predicate is true: (placeholder, fetch)."""
    x = tf.placeholder(tf.float32, [None, 4, 3], name="x")
    out, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicRNNCell(5), x, dtype=tf.float32, time_major=True)
    return x, tf.reduce_sum(out) + tf.cond(tf.reduce_sum(x) > 0, lambda: tf.reduce_sum(tf.matmul(x, tf.ones([7, 3, 3]))), lambda: tf.reduce_max(x))


def test_the_page_shows_the_steps_of_bodies(tmp_path):
    """Those that `explain` lists, behind the step that runs them; what they took by iteration, of the branch not taken nothing."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = recurrent()
        feeds = {x: np.ones((7, 4, 3), np.float32)}
        session.run(tf.global_variables_initializer())
        steps = session.explain(y, feeds).steps
        tf.report(session, y, tmp_path / "r.html", feeds, runs=2)
    text = (tmp_path / "r.html").read_text()
    data = data_of(text)
    assert "default-src 'none'" in text and int(dict(data["facts"])["steps"]) == len(steps)
    rows = {str(row["index"]): row for row in data["steps"]}
    wanted = []
    for s in steps:
        wanted += [str(s.index), *(f"{s.index}.{name}.{inner.index}" for name, inside in s.bodies.items() for inner in inside)]
    assert [*rows] == wanted
    inside = {name: [row for place, row in rows.items() if f".{name}." in place] for name in ("body", "then", "orelse")}
    assert all(inside.values()) and all(row["line"].startswith("test_report.py:") for row in rows.values())
    assert all(row["iterations"].startswith("7: ") and row["microseconds"] != "" for row in inside["body"])
    assert all(row["microseconds"] != "" for row in inside["then"]) and all(row["microseconds"] == "" for row in inside["orelse"])
    (loop,) = [row for row in rows.values() if row["kind"] == "while"]
    assert loop["trips"] == "7 trips" and loop["iterations"].startswith("7: ")
    assert any("tanh" in data["kernels"][row["kernel"]]["source"] for row in inside["body"])
    assert sum(row["share"] for place, row in rows.items() if "." not in place) == pytest.approx(100, abs=1)


def report_of(tmp_path, build):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.report(session, build(), tmp_path / "r.html", runs=1)
    return (tmp_path / "r.html").read_text()


def hostile_file():
    """A node whose line is in a file with a hostile name, and whose attribute is a hostile text."""
    scope = {"tf": tf}
    exec(compile("y = tf.constant([1.0, 2.0]) * tf.Variable(2.0)", HOSTILE + "x" * 1_000_000, "exec"), scope)      # 1 MB
    return tf.Print(scope["y"], [HOSTILE, scope["y"]], message=HOSTILE)


def test_what_users_wrote_stays_text(tmp_path, capfd):
    text = report_of(tmp_path, hostile_file)
    assert "window.broken" in capfd.readouterr().err                       # it was printed, as asked for
    assert text.count("</script>") == 2 and len(text) < 2_500_000
    assert any("</script>" in json.dumps(n["attributes"]) for n in data_of(text)["stages"][0]["nodes"])


def constant_only():
    return tf.constant(3.0)


def empty_result():
    return tf.zeros([0, 3]) + tf.Variable(1.0)


@pytest.mark.parametrize("build", [constant_only, empty_result, lambda: tf.no_op()], ids=["constant", "empty", "no_op"])
def test_there_may_be_nothing_to_compute(build, tmp_path):
    assert data_of(report_of(tmp_path, build))["facts"]


@pytest.mark.parametrize("name", [False, True], ids=["tensor", "name"])
def test_what_is_timed_is_given_what_is_fed(name, tmp_path, capfd):
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.placeholder(tf.int32, [2]), tf.placeholder(tf.int32, [2])
        total = tf.Print(a + b, [a, b], name="sum")
        tf.report(session, "sum:0" if name else total, tmp_path / "r.html", {(a, b): ([1, 2], [3, 4])}, runs=1)
    assert set(capfd.readouterr().err.split("\n")) == {"[1 2][3 4]", ""}


def test_the_time_of_a_step_is_that_of_the_program_explained():
    """Programs that run before it, to decide its shapes, have steps of the same numbers."""
    with tf.Graph().as_default(), tf.Session() as session:
        explanation = session.explain(tf.exp(tf.placeholder(tf.float32, [3])))
    work = Work("exp", "map", (), False)
    events = [Event(work, stage, 0, 0, start, start + 1000, Cost(0, 0, 0)) for stage, start in ((1, 0), (2, 5000))]
    assert [s["microseconds"] for s in _steps(explanation, [events])] == [1.0]


def other_graph():
    with tf.Graph().as_default():
        return tf.constant(1.0)


@pytest.mark.parametrize("build, path, error, message", [
    (constant_only, "no/such/folder/r.html", tf.errors.InvalidArgumentError, "cannot be written to 'no/such/folder/r.html'"),
    (constant_only, "", tf.errors.InvalidArgumentError, "cannot be written"),
    (constant_only, None, tf.errors.InvalidArgumentError, "cannot be written"),
    (constant_only, "a\0b", tf.errors.InvalidArgumentError, "cannot be written"),
    (other_graph, "r.html", tf.errors.GraphcError, "graph"),
    (lambda: 3, "r.html", tf.errors.GraphcError, "fetch"),
    (lambda: tf.placeholder(tf.float32, [None]) * 2.0, "r.html", tf.errors.FeedError, "has no fixed shape; give a value for it"),
], ids=["no folder", "no name", "None", "nul", "other graph", "no tensor", "unfed"])
def test_bad_input(build, path, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tf.Graph().as_default(), tf.Session() as session, pytest.raises(error, match=re.escape(message)) as e:
        tf.report(session, build(), path)
    assert "test_report.py:" in str(e.value)


# ---------------------------------------------------------------------- in a browser

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(BROWSER is None or DRIVER is None, reason="needs a browser: apt-get install chromium chromium-driver")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--window-size=1500,950")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.implicitly_wait(20)
    yield driver
    driver.quit()


def opened(browser, path, place=""):
    """The page once its graph is drawn: a function from CSS selectors to elements."""
    browser.get(path.as_uri() + place)
    browser.find_element("css selector", "body[data-drawn] #graph svg g.node")
    return lambda selector: browser.find_elements("css selector", selector)


def complaints(browser):
    return [entry["message"] for entry in browser.get_log("browser")]


def names(find):
    return [e.get_attribute("id") for e in find("#graph g.node")]


@pytest.mark.browser
@needs_browser
def test_a_walk_through_the_page(written, browser):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select
    path, data = written
    find = opened(browser, path)
    assert complaints(browser) == [] and browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    first = data["stages"][0]

    # Search, choose, read what is said of a node.
    find("#search")[0].send_keys("layer0/out", Keys.ENTER)
    assert find("#graph g.node.chosen") and find("#details h2")[0].text == "layer0/out:0"
    details = find("#details table")[0].text
    for part in ("operator tanh", "type float32[x.0,6]", "test_report.py:", "gradient", "computed by"):
        assert part in details
    assert len(find("#graph g.node.partner")) == 1

    # The address leads to the node again.
    browser.get("about:blank")
    find = opened(browser, path, "#layer0/out")
    assert find("#graph g.node.chosen") and find("#details h2")[0].text == "layer0/out:0"

    # From the node to its kernel, and back.
    find("#details table tr:last-child button")[0].click()
    (kernel,) = find("#kernels details[open]")
    assert kernel.is_displayed() and "def kernel(" in kernel.find_element("css selector", "pre").text
    next(b for b in kernel.find_elements("css selector", "button") if b.text.startswith("layer0/out")).click()
    assert find("#tab-graph")[0].is_displayed() and find("#details h2")[0].text == "layer0/out:0"
    assert Select(find("#stages")[0]).first_selected_option.text == "scheduled"

    # Another stage has other nodes, and says what the pass changed.
    Select(find("#stages")[0]).select_by_index(0)
    assert find("#count")[0].text.startswith(f"{len(first['nodes'])} nodes")
    Select(find("#stages")[0]).select_by_index(3)
    assert find("#count")[0].text.startswith(f"{len(data['stages'][3]['nodes'])} nodes")
    assert find("#changes")[0].text == data["stages"][3]["changes"].strip()

    # Scopes fold and unfold.
    Select(find("#stages")[0]).select_by_index(0)
    find("#foldall")[0].click()
    folded = names(find)
    group = next(i for i, g in enumerate(first["groups"]) if g["name"] == "layer0/")
    assert f"g{group}" in folded
    ActionChains(browser).double_click(find(f"#graph g.node[id=g{group}] text")[0]).perform()
    inside = {f"n{n['id']}" for n in first["nodes"] if n["group"] == group}
    assert inside and inside <= set(names(find)) and f"g{group}" not in names(find)
    find(f"#graph g.cluster[id=o{group}] text")[0].click()
    find("#details button")[0].click()
    assert names(find) == folded

    # Memory, steps, about.
    find("nav button[data-tab=memory]")[0].click()
    assert len(find("#memory svg rect")) == len(data["memory"]["buffers"]) > 0
    find("nav button[data-tab=steps]")[0].click()
    head = next(h for h in find("#steps th") if h.text == "microseconds")
    head.click()
    column = [float(r.find_elements("css selector", "td")[2].text) for r in find("#steps tbody tr")]
    assert len(column) == len(data["steps"]) and column == sorted(column)
    find("nav button[data-tab=facts]")[0].click()
    assert "nodes written" in find("#facts")[0].text
    assert complaints(browser) == []


@pytest.mark.browser
@needs_browser
def test_a_flat_graph_of_thousands_of_nodes_is_drawn_in_parts(tmp_path, browser):
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [3], name="x")
        y = x
        for _ in range(2600):
            y = tf.sin(y) * 1.5
        y = tf.reshape(y, [3], name="last")
        tf.report(session, y, tmp_path / "large.html", runs=0)
    find = opened(browser, tmp_path / "large.html")
    assert int(find("#count")[0].text.split()[0]) > 5000 and 1 <= len(names(find)) <= 300
    find("#search")[0].send_keys("Sin_1234")
    find("#found button")[0].click()
    assert find("#graph g.node.chosen text")[0].text == "Sin_1234" and len(names(find)) <= 300
    assert complaints(browser) == []


@pytest.mark.browser
@needs_browser
def test_hostile_texts_in_a_browser(tmp_path, browser):
    report_of(tmp_path, hostile_file)
    find = opened(browser, tmp_path / "r.html")
    find("#search")[0].send_keys("print")
    find("#found button")[0].click()
    assert "</script>" in find("#details")[0].text
    assert browser.execute_script("return window.broken === undefined") and complaints(browser) == []


def test_the_bundle_is_built_from_the_sources():
    """What main.js says stands, minified, in bundle.js; the licences of what is inlined stand beside it."""
    web = ROOT / "graphc" / "inspection" / "web"
    bundle, notices = (web / "bundle.js").read_text(), (web / "NOTICES").read_text()
    texts = re.findall(r"[\"`>] ?([A-Z][a-z]+(?: [a-z]+){2,})", (web / "main.js").read_text())
    places = set(re.findall(r'\$\("(\w+)"\)', (web / "main.js").read_text()))
    assert len(texts) >= 2 and len(places) > 8 and [t for t in (*texts, *places) if t not in bundle] == []
    assert [p for p in places if f'id="{p}"' not in (web / "page.html").read_text()] == []
    for package in json.loads((web / "package.json").read_text())["devDependencies"]:
        assert package == "esbuild" or package in notices


def test_the_package_carries_the_page():
    for name in ("bundle.js", "page.html", "NOTICES"):
        assert f'"inspection/web/{name}"' in (ROOT / "pyproject.toml").read_text()
