"""The first page: an animation that shows what the check says, in the first screen, and a way on."""

import ast
import inspect
import itertools
import json
import os
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from page_requests import browse, css_references
from test_built_book import report_of

from autograder import on_page
from tools import animation
from tools.learn import served

ROOT = Path(__file__).resolve().parents[2]
INDEX = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
SCREENS = {"desktop": (1280, 800), "telephone": (390, 844)}
FIGURES = ("check.svg", "check.html")


@pytest.fixture(scope="module")
def shown():
    return animation.run()


@pytest.fixture
def figures(tmp_path, monkeypatch):
    """Let the tool work in a folder with copies of its pictures."""
    for path in (*(animation.FIGURES / name for name in FIGURES), animation.LIVE / "planted.js"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(animation, "FIGURES", tmp_path)
    monkeypatch.setattr(animation, "LIVE", tmp_path)
    return tmp_path


def write(*arguments):
    return CliRunner().invoke(animation.main, ["write", *arguments])


# ----------------------------------------------------------------------------------------------- what is shown is true


def test_the_pictures_are_what_the_check_says_today():
    result = write("--check")
    assert (result.exit_code, result.output) == (0, "check.svg unchanged\ncheck.html unchanged\nplanted.js unchanged\n")


def test_a_picture_that_says_something_else_is_refused_left_alone_and_can_be_written_anew(figures):
    path = figures / "check.svg"
    right = path.read_text(encoding="utf-8")
    wrong = right.replace("is not added to the</text>", "is not divided by</text>")
    path.write_text(wrong, encoding="utf-8")
    result = write("--check")
    assert result.exit_code == 1
    assert "check.svg: not what the check says" in result.output
    assert re.search(r"^  -.*is not divided by</text>\n  \+.*is not added to the</text>$", result.output, re.MULTILINE)
    assert path.read_text(encoding="utf-8") == wrong
    assert write().exit_code == 0
    assert path.read_text(encoding="utf-8") == right


@pytest.mark.parametrize("name", [*FIGURES, "planted.js"])
def test_a_file_that_is_missing_is_refused(figures, name):
    (figures / name).unlink()
    assert write("--check").exit_code == 1


def test_the_rows_are_the_message_and_nothing_but_an_ellipsis_is_put_in(shown):
    for message in (shown.red, shown.green):
        rows = animation.rows_of_message(message)
        assert max(len(row) for row in rows) <= animation.COLUMNS
        pieces = [piece.split() for piece in " ".join(rows).split("…")]
        pattern = r"[\s\S]*".join(r"\s+".join(re.escape(word) for word in piece) for piece in pieces)
        assert re.match(pattern, message)
        assert len(" ".join(rows)) > 100


def test_the_red_message_names_the_mistake_that_the_code_has_and_the_green_one_has_no_other(shown):
    assert shown.red.startswith("rnn_backward is not right yet.")
    assert "dh_next from step t + 1 is not added" in shown.red
    assert shown.green.startswith("rnn_backward: right.")


def test_the_code_that_is_shown_is_the_code_that_ran(shown):
    source = inspect.getsource(animation.rnn_backward).splitlines()
    assert [line for line in shown.code if line.strip() != "…" and line not in source] == []
    assert sum(animation.MISSING in line for line in shown.code) == 1
    assert max(len(line) for line in shown.code) <= animation.COLUMNS


def test_a_run_says_where_the_book_is_served_and_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("UNROLLED_BOOK", "http://127.0.0.1:1234")
    assert "127.0.0.1" not in animation.run().red
    assert "http://127.0.0.1:8/03" in animation.run("http://127.0.0.1:8").red
    assert os.environ["UNROLLED_BOOK"] == "http://127.0.0.1:1234"
    monkeypatch.delenv("UNROLLED_BOOK")
    animation.run("http://127.0.0.1:8")
    assert "UNROLLED_BOOK" not in os.environ


# ------------------------------------------------------------------------------------------- the editor's first text


@pytest.fixture(scope="module")
def planted():
    """Read what the editor begins with, as a browser does."""
    text = (animation.LIVE / "planted.js").read_text(encoding="utf-8")
    return {name: json.loads(value) for name, value in re.findall(r"^export const (\w+) = (.*);$", text, re.MULTILINE)}


def test_the_planted_code_is_the_right_one_but_for_one_place_and_with_a_short_docstring(planted):
    right = ast.parse(inspect.getsource(animation.rnn_backward)).body[0]
    correct, mistaken = animation.PLANTED
    assert (planted["code"].count(mistaken), planted["code"].count(correct)) == (1, 0)
    wrong = ast.parse(planted["code"].replace(mistaken, correct)).body[0]
    assert right.body.pop(0).value.value.startswith(wrong.body.pop(0).value.value)
    assert ast.dump(right) == ast.dump(wrong)
    assert len(planted["code"].splitlines()) <= 16


def test_the_check_names_the_planted_mistake_which_the_animation_does_not_give_away(planted, shown):
    for seed in range(10):
        wrong = json.loads(on_page.answer(**planted, seed=seed))
        name = wrong["message"].splitlines()[1]
        assert (wrong["passed"], wrong["named"], name in shown.red) == (False, True, False)
        assert name.startswith("  dWh multiplies dz with the hidden state this step made")


def test_the_check_is_content_with_the_mended_line(planted, shown):
    mended = planted["code"].replace(*reversed(animation.PLANTED))
    right = json.loads(on_page.answer(**{**planted, "code": mended}, seed=animation.SEED))
    assert (right["passed"], right["message"]) == (True, shown.green)


# ------------------------------------------------------------------------------------------------ what the picture is


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_needs_nothing_from_elsewhere(name):
    text = (animation.FIGURES / name).read_text(encoding="utf-8")
    assert css_references(text) == []
    assert re.findall(r"<(?:script|image|use|link|img)\b|\bhref\b", text) == []


def test_the_picture_of_the_readme_is_a_picture_on_its_own():
    text = (animation.FIGURES / "check.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(root.findtext("{http://www.w3.org/2000/svg}title").split()) > 20
    used = set(re.findall(r"var\((--ca-[\w-]+)\)", text))
    light, dark = (set(re.findall(r"(--ca-[\w-]+):", rule)) for rule in re.findall(r"\{ (--ca-ground[^}]*)\}", text))
    assert used == light == dark


def luminance(color):
    parts = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colors", [animation.LIGHT, animation.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("text", "ground"),
        ("text", "cell"),
        ("text", "green-ground"),
        ("red", "red-ground"),
        ("green", "green-ground"),
        ("on-button", "button"),
    ],
)
def test_every_text_stands_out_from_its_ground(colors, text, ground):
    darker, lighter = sorted(luminance(colors[name]) for name in (text, ground))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize(("kind", "letter"), [("wx", "x"), ("wh", "h"), ("wy", "y")])
def test_the_drawing_gives_every_weight_the_class_of_its_color(kind, letter):
    drawing = (ROOT / "book" / "figures" / "rolled-and-unrolled.html").read_text(encoding="utf-8")
    labels = re.findall(r'<text class="([\w-]+)"[^>]*><tspan[^>]*>W</tspan><tspan[^>]*>(\w)</tspan>', drawing)
    assert [found for found in labels if (found[0] == f"{kind}-label") != (found[1] == letter)] == []
    assert labels.count((f"{kind}-label", letter)) == 4
    arrows = re.findall(rf'<path class="{kind}" d="[^"]*" marker-end="url\(#(?:un)?rolled-(\w+)\)"', drawing)
    assert arrows == [kind] * 4


# ------------------------------------------------------------------------------------------------------ where it leads


def first_chapter():
    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [entry for part in contents["parts"] for entry in part["chapters"] if re.match(r"\d\d-", entry["file"])]
    return chapters[0]


def test_the_buttons_lead_to_the_mistake_the_first_chapter_and_the_first_problem_set():
    first = first_chapter()
    sets = [section["file"] for section in first["sections"] if section["file"].startswith("problem-sets/")]
    assert re.findall(r"\{button-ref\} (\S+)", INDEX) == ["problem-sets/ps3", first["file"], sets[0]]


def test_the_editor_costs_those_who_only_read_less_than_a_kilobyte():
    loader = (animation.FIGURES / "try-start.html").read_bytes()
    assert len(loader) < 1000
    assert loader.count(b"import(") == 1
    assert not re.search(rb"<link|src=|fetch", loader)


def test_the_path_names_every_chapter_in_order():
    chapters = sorted(path.stem for path in (ROOT / "book").glob("[0-9][0-9]-*"))
    assert re.findall(r"^\d+\. \{doc\}`(\d\d-[^`]+)`", INDEX, re.MULTILINE) == chapters


def test_each_of_the_four_things_that_are_different_has_a_link_to_see_it():
    text = INDEX.partition("## What is different")[2].partition("\n## ")[0]
    things = re.split(r"^- ", text, flags=re.MULTILINE)[1:]
    assert len(things) == 4
    assert [thing for thing in things if not re.search(r"\{(?:doc|ref)\}`", thing)] == []


# ------------------------------------------------------------------------------------------------------ in the browser

PROBE = """<!doctype html><title>landing</title><pre id="report">unfinished</pre><script>
const screens = SCREENS;
const visible = (element) => element.checkVisibility() && element.getBoundingClientRect().height > 0;
async function look([width, height]) {
  const frame = document.createElement("iframe");
  frame.style.width = width + "px"; frame.style.height = height + "px"; frame.style.border = 0;
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
  frame.src = "html/index.html";
  document.body.append(frame);
  await loaded;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { contentWindow: view, contentDocument: page } = frame;
  const svg = page.querySelector(".check-svg"), stop = page.querySelector(".check-stop");
  const box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
  const moving = svg.querySelector(".moving"), still = svg.querySelector(".still");
  // The theme has transitions of its own.
  const ours = () => page.getAnimations().filter((one) => one.animationName?.startsWith("check-"));
  const state = () => ({
    moving: visible(moving), still: visible(still), mended: view.getComputedStyle(svg.querySelector(".mended")).opacity,
    running: ours().filter((one) => one.playState === "running").length,
  });
  const found = { top: box.top, bottom: box.bottom, right: box.right, left: box.left };
  found.buttons = [...page.querySelectorAll(".landing-start a")].map((a) => a.getBoundingClientRect().bottom);
  found.stop = stop.getBoundingClientRect().bottom;
  found.label = page.querySelector(`label[for=${stop.id}]`).textContent;
  found.at_first = state();
  found.endless = ours().every((one) => one.effect.getComputedTiming().iterations === Infinity);
  stop.click();
  await new Promise((resolve) => setTimeout(resolve, 100));
  found.stopped = state();
  stop.click();
  await new Promise((resolve) => setTimeout(resolve, 100));
  found.again = state();
  // What is left where nothing may move, or in print: the rules for moving screens do not apply.
  for (const sheet of page.styleSheets) {
    if (sheet.ownerNode.parentElement?.className !== "check-figure") continue;
    for (let i = sheet.cssRules.length - 1; i >= 0; i--)
      if (sheet.cssRules[i].media?.mediaText.includes("no-preference")) sheet.deleteRule(i);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  found.without_motion = state();
  // Every text, also of what is hidden at the moment.
  for (const group of [moving, still]) group.style.display = "inline";
  found.texts = [...svg.querySelectorAll("text")].map((text) => ({
    text: text.textContent, size: parseFloat(view.getComputedStyle(text).fontSize) * scale,
    left: text.getBBox().x, right: text.getBBox().x + text.getBBox().width,
  }));
  frame.remove();
  return found;
}
(async () => {
  const report = {};
  for (const [name, size] of Object.entries(screens)) report[name] = await look(size);
  document.getElementById("report").textContent = JSON.stringify(report);
})();
</script>"""


@pytest.fixture(scope="module")
def seen(book, chromium, tmp_path_factory):
    """Open the first page on both screens and look at the animation in all its states."""
    screens = "{" + ", ".join(f"{name}: [{width}, {height}]" for name, (width, height) in SCREENS.items()) + "}"
    (book.folder.parent / "landing.html").write_text(PROBE.replace("SCREENS", screens), encoding="utf-8")
    with served(book.folder.parent) as root:
        document, _ = browse(chromium, f"{root}/landing.html", tmp_path_factory.mktemp("browser"))
    return report_of(document)


@pytest.mark.slow
@pytest.mark.parametrize("screen", SCREENS)
def test_the_first_screen_shows_the_whole_animation_its_control_and_the_buttons(seen, screen):
    width, height = SCREENS[screen]
    found = seen[screen]
    assert 0 < found["top"] < found["bottom"] < height
    assert 0 <= found["left"] < found["right"] <= width
    assert len(found["buttons"]) == 3
    assert max(*found["buttons"], found["stop"]) < height


@pytest.mark.slow
@pytest.mark.parametrize("screen", SCREENS)
def test_every_text_of_the_animation_is_large_enough_and_stays_in_its_box(seen, screen):
    texts = seen[screen]["texts"]
    assert len(texts) > 25
    assert [text for text in texts if text["size"] < 11] == []
    assert [text for text in texts if text["left"] < 0 or text["right"] > animation.WIDTH - 4] == []


@pytest.mark.slow
@pytest.mark.parametrize("screen", SCREENS)
def test_the_animation_turns_until_it_is_stopped_and_then_shows_both_messages(seen, screen):
    found = seen[screen]
    assert found["endless"]
    assert found["label"] == "Stop the animation"
    for state in (found["at_first"], found["again"]):
        assert state["running"] > 5
        assert (state["moving"], state["still"], state["mended"]) == (True, False, "0")
    assert found["stopped"] == {"moving": False, "still": True, "mended": "1", "running": 0}


@pytest.mark.slow
@pytest.mark.parametrize("screen", SCREENS)
def test_where_nothing_may_move_the_still_is_seen(seen, screen):
    assert seen[screen]["without_motion"] == {"moving": False, "still": True, "mended": "1", "running": 0}


@pytest.mark.parametrize("name", FIGURES)
def test_what_moves_does_so_only_on_screens_whose_reader_has_not_asked_for_less(name):
    text = (animation.FIGURES / name).read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)
    depth, media, outside = 0, "", []
    for piece in re.split(r"([{}])", style):
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
            media = media if depth else ""
        elif depth == 0:
            media = piece.strip()
        elif re.search(r"\banimation(-name)?:(?! none)", piece):
            outside += [] if media == "@media screen and (prefers-reduced-motion: no-preference)" else [piece]
    assert outside == []
    assert style.count("animation-name") == 8


def test_the_still_holds_both_messages_in_full(shown):
    text = (animation.FIGURES / "check.html").read_text(encoding="utf-8")
    still = ElementTree.fromstring(re.search(r'<g class="still">.*?</g>', text, re.DOTALL).group())
    rows = [element.text for element in still.iter("text") if "says" not in element.get("class")]
    expected = itertools.chain(animation.rows_of_message(shown.red), animation.rows_of_message(shown.green))
    assert rows == [row.strip() for row in expected]
