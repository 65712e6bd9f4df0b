"""The frame of the built book in a real browser: equations whole, terms explained, focus seen, paper, weight, axe."""

import importlib.resources
import json
import re
from typing import NamedTuple

import pytest
from building import in_table_of_contents

from tools.pages import LIMITS

pytestmark = pytest.mark.slow

CHAPTER = "03-backpropagation-through-time"
MOST_BYTES = 1_500_000
NOT_IN_CONTENTS = ("404", "genindex", "search")
PHONE = (390, 844)


class Where(NamedTuple):
    """A place in the window."""

    x: float
    y: float


# -------------------------------------------------------------------------------------------------- glossary terms

FIRST_TERM = "document.querySelector('.bd-article p a[aria-describedby^=\"note-\"]')"
SHOWN = """[...document.querySelectorAll('.glossary-note')].filter(
  (note) => getComputedStyle(note).visibility === "visible").map((note) => note.id)"""


def place_of(page, expression):
    """Return the middle of the first line of an element, scrolled into the window."""
    page.evaluate(f"{expression}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    box = page.evaluate(f"(({{x, y, width, height}}) => [x, y, width, height])({expression}.getClientRects()[0])")
    return Where(box[0] + box[2] / 2, box[1] + box[3] / 2)


def wait(page, milliseconds):
    """Let some time of the page pass."""
    page.evaluate(f"new Promise((done) => setTimeout(done, {milliseconds}))")


@pytest.fixture(params=["http", "file"])
def chapter(request, book, site, page):
    """Open a chapter over http and from a file."""
    page.go(f"{site}/{CHAPTER}.html" if request.param == "http" else (book.folder / f"{CHAPTER}.html").as_uri())
    page.first_note = page.evaluate(f"{FIRST_TERM}.getAttribute('aria-describedby')")
    assert page.evaluate(f"document.getElementById({page.first_note!r}).getAttribute('role')") == "tooltip"
    assert page.evaluate(SHOWN) == []
    return page


def test_the_pointer_on_a_term_shows_its_note_and_may_rest_on_the_note(chapter):
    term = place_of(chapter, FIRST_TERM)
    chapter.point(*term)
    assert chapter.evaluate(SHOWN) == [chapter.first_note]
    note = place_of(chapter, f"document.getElementById({chapter.first_note!r})")
    chapter.point(*note)
    wait(chapter, 600)
    assert chapter.evaluate(SHOWN) == [chapter.first_note]
    chapter.point(2, 2)
    wait(chapter, 600)
    assert chapter.evaluate(SHOWN) == []


def test_the_keyboard_on_a_term_shows_its_note_and_escape_hides_it(chapter):
    chapter.evaluate(f"{FIRST_TERM}.focus()")
    assert chapter.evaluate(SHOWN) == [chapter.first_note]
    chapter.press("Escape")
    assert chapter.evaluate(SHOWN) == []
    assert chapter.evaluate(f"document.activeElement === {FIRST_TERM}")


def test_escape_hides_a_note_that_the_pointer_has_opened(chapter):
    chapter.point(*place_of(chapter, FIRST_TERM))
    chapter.press("Escape")
    assert chapter.evaluate(SHOWN) == []


def test_a_note_stands_beside_its_term_inside_the_window_with_its_formulas_typeset(chapter):
    for width in (1280, PHONE[0]):
        chapter.resize(width, 800)
        for position in range(chapter.evaluate("document.querySelectorAll('.glossary-note').length")):
            link = f"document.querySelectorAll('.bd-article p a[aria-describedby^=\"note-\"]')[{position}]"
            if chapter.evaluate(f"{link} === undefined"):
                continue
            place_of(chapter, link)
            chapter.evaluate(f"{link}.focus({{preventScroll: true}})")
            left, right, gap, raw = chapter.evaluate(
                """(() => {
                  const note = document.querySelector(".glossary-note.shown");
                  const box = note.getBoundingClientRect();
                  const line = document.activeElement.getClientRects()[0];
                  const gap = Math.min(Math.abs(box.top - line.bottom), Math.abs(line.top - box.bottom));
                  return [box.left, box.right, gap, note.innerText.includes("\\\\(")];
                })()"""
            )
            assert left >= 0
            assert right <= width
            assert gap <= 3
            assert not raw


@pytest.mark.parametrize("width", [1280, 1366, 1440])
def test_a_line_of_code_as_long_as_a_page_may_have_is_read_in_full_on_a_wide_screen(site, page, width):
    page.resize(width, 800)
    page.go(f"{site}/{CHAPTER}.html")
    cut = page.evaluate(
        f"""(() => {{
          const code = [...document.querySelectorAll("div.cell_input pre")].find((pre) => !pre.closest("details"));
          code.textContent = "x".repeat({LIMITS["chapter"].columns});
          return code.scrollWidth - code.clientWidth;
        }})()"""
    )
    assert cut <= 0


def test_the_first_touch_of_a_term_shows_its_note_and_the_second_follows_the_link(site, page):
    page.resize(*PHONE, touch=True)
    page.go(f"{site}/{CHAPTER}.html")
    note = page.evaluate(f"{FIRST_TERM}.getAttribute('aria-describedby')")
    term = place_of(page, FIRST_TERM)
    page.tap(*term)
    wait(page, 300)
    assert page.evaluate("location.pathname").endswith(f"/{CHAPTER}.html")
    assert page.evaluate(SHOWN) == [note]
    page.tap(*term)
    page.wait("Page.loadEventFired")
    assert page.evaluate("location.pathname + location.hash") == f"/glossary.html#{note.removeprefix('note-')}"


def test_a_touch_elsewhere_hides_the_note(site, page):
    page.resize(*PHONE, touch=True)
    page.go(f"{site}/{CHAPTER}.html")
    page.tap(*place_of(page, FIRST_TERM))
    wait(page, 300)
    assert len(page.evaluate(SHOWN)) == 1
    page.tap(3, 400)
    wait(page, 300)
    assert page.evaluate(SHOWN) == []


# ---------------------------------------------------------------------------------------------------------- focus

MARK_CONTROLS = """(() => {
  const controls = "a[href], button, summary, input, select, textarea, [tabindex='0']";
  const seen = (element) => element.checkVisibility({ visibilityProperty: true })
    && element.getClientRects().length > 0 && !element.disabled && element.tabIndex >= 0;
  const all = [...document.querySelectorAll(controls)].filter(seen);
  all.forEach((element, place) => { element.dataset.control = place; });
  return all.map((element) => element.outerHTML.slice(0, 120));
})()"""
LOOK = """(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const parse = (color) => color.match(/[\\d.]+/g).slice(0, 3).map((part) => part * (/srgb/.test(color) ? 255 : 1));
  let behind = element.parentElement;
  while (behind && /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor)) {
    behind = behind.parentElement;
  }
  return {
    // What scrolls gets the focus, too, and is none of the controls that were counted.
    control: (element.dataset.control ??= `scroller ${(window.scrollers = (window.scrollers ?? 0) + 1)}`),
    ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    color: parse(style.outlineColor),
    behind: parse(getComputedStyle(behind ?? document.body).backgroundColor),
    gap: style.boxShadow === "none" ? null : parse(style.boxShadow),
    opacity: element.checkVisibility({ opacityProperty: true }) ? Number(style.opacity) : 0,
  };
})()"""


def contrast(one, other):
    """Return the contrast ratio of two colors, as WCAG 2 defines it."""

    def luminance(color):
        parts = [part / 255 for part in color]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "02-the-recurrent-neural-network", CHAPTER, "how-to-use", "search"])
def test_the_focus_is_seen_on_every_control_that_tab_comes_to_and_it_comes_to_all(site, page, name, theme):
    page.use_theme(theme)
    page.go(f"{site}/{name}.html")
    controls = page.evaluate(MARK_CONTROLS)
    page.evaluate("document.body.focus(); getSelection().removeAllRanges()")
    reached, pale = set(), []
    for _ in range(2 * len(controls) + 20):
        page.press("Tab")
        look = page.evaluate(LOOK)
        if look is None or look["control"] in reached:
            break
        reached.add(look["control"])
        beside = [color for color in (look["behind"], look["gap"]) if color]
        clearest = max(contrast(look["color"], color) for color in beside)
        if look["ring"] < 2 or clearest < 3 or look["opacity"] < 0.5:
            pale.append(look)
    assert pale == []
    # The contents of a page unfold where the reader is, so that a few links of the start are gone at the end.
    left = page.evaluate(
        """[...document.querySelectorAll("[data-control]")].filter((one) => one.checkVisibility())
        .map((one) => one.dataset.control)"""
    )
    assert [controls[int(place)] for place in left if place.isdigit() and place not in reached] == []
    assert len(reached) > 15


def test_the_menu_of_downloads_opens_and_closes_by_the_keyboard(site, page):
    page.go(f"{site}/{CHAPTER}.html")
    button = "document.querySelector('[data-bs-toggle=\"dropdown\"]')"
    is_open = f"[{button}.getAttribute('aria-expanded'), {button}.nextElementSibling.checkVisibility()]"
    page.evaluate(f"{button}.focus()")
    assert page.evaluate(is_open) == ["false", False]
    page.press("Enter")
    assert page.evaluate(is_open) == ["true", True]
    page.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"_sources/{CHAPTER}.ipynb"
    page.press("Escape")
    assert page.evaluate(is_open) == ["false", False]
    assert page.evaluate(f"document.activeElement === {button}")
    page.press("Enter")
    page.press("Tab", shift=True)
    assert page.evaluate(is_open) == ["false", False]


def test_copy_buttons_are_seen_on_a_telephone(site, page):
    page.resize(*PHONE, touch=True)
    page.go(f"{site}/{CHAPTER}.html")
    opacities = page.evaluate(
        "[...document.querySelectorAll('button.copybtn')].map((b) => +getComputedStyle(b).opacity)"
    )
    assert len(opacities) > 5
    assert min(opacities) > 0.5


# ----------------------------------------------------------------------------------------- every page, opened once

ROOM_AROUND_FORMULAS = """[...document.querySelectorAll('.bd-article mjx-container[display="true"]')].map((box) => {
  const edge = box.getBoundingClientRect();
  const letters = [...box.querySelectorAll("mjx-c")].map((letter) => letter.getBoundingClientRect())
    .filter(({ width, height }) => width > 0 && height > 0);
  return Math.min(
    Math.min(...letters.map((letter) => letter.top)) - edge.top,
    edge.bottom - Math.max(...letters.map((letter) => letter.bottom)),
  );
})"""
FORMULAS = "document.querySelectorAll('.bd-article div.math').length"
PALE = """[...document.querySelectorAll("main img")].filter((picture) => {
  const style = getComputedStyle(picture);
  return style.backgroundColor !== "rgba(0, 0, 0, 0)" || style.paddingTop !== "0px" || style.borderTopWidth !== "0px";
}).length"""
PICTURES = """document.querySelector(".bd-article, main").insertAdjacentHTML("beforeend", '<div class="cell">'
  + '<div class="cell_output"><img alt="" src="_static/logo.svg"></div></div><img alt="" src="_static/logo.svg">')"""
ON_PAPER = """(() => {
  const article = document.querySelector(".bd-article, main");
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const room = article.getBoundingClientRect().right + 1;
  const right = (element) => element.getBoundingClientRect().right;
  const name = (element) => element.outerHTML.slice(0, 90);
  const clear = (color) => /rgba\\(.*, 0\\)|transparent|rgb\\(255, 255, 255\\)/.test(color);
  const inside = all(".bd-article :is(pre, figure, figure *, table, mjx-container, img, svg, .highlight, .cell *)");
  return {
    theme: document.documentElement.dataset.theme,
    title: all("main h1").length > 0,
    text: getComputedStyle(document.querySelector(".bd-article p") ?? article).color,
    pressed: all("button, .headerlink, .bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, "
      + ".prev-next-footer, .glossary-note").map(name),
    gray: inside.concat(all("body, .admonition, .admonition-title, tr, td, code"))
      .filter((element) => !element.closest("svg") && !clear(getComputedStyle(element).backgroundColor)).map(name),
    cut: inside.filter((element) => !element.closest("mjx-assistive-mml, pre *") && (right(element) > room
      || (element.matches("pre, table, .highlight") && element.scrollWidth > element.clientWidth + 1))).map(name),
    scrolls: all(".bd-article *").filter((one) => /auto|scroll/.test(getComputedStyle(one).overflowX)).map(name),
    torn: all("figure").filter((figure) => getComputedStyle(figure).breakInside !== "avoid").map(name),
    figures: all("figure").length,
    open: all("details.hide[open] pre").length,
    folded: all("details.hide:not([open])").map(name),
  };
})()"""
AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
ALL_RULES = '{ resultTypes: ["violations"], rules: { "label-content-name-mismatch": { enabled: true } } }'
COLORS_ONLY = '{ resultTypes: ["violations"], runOnly: ["color-contrast"] }'  # the dark page differs in nothing else
RUN_AXE = """axe.run(document, OPTIONS).then((found) => found.violations.map(({ id, impact, nodes }) => {
  return { id, impact, where: nodes.map((node) => node.html) };
}))"""


def set_theme(page, theme):
    """Change the theme of the open page as its button does."""
    page.evaluate(f"Object.assign(document.documentElement.dataset, {{ theme: {theme!r}, mode: {theme!r} }}) && 0")


def found_by_axe(page, options=ALL_RULES):
    """Return what axe finds serious or critical on the open page."""
    page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    return [
        found
        for found in page.evaluate(RUN_AXE.replace("OPTIONS", options))
        if found["impact"] in ("serious", "critical")
    ]


# Of the words of code that look alike, axe judges one: a chapter has thousands, and they take nine tenths of its time.
ONE_WORD_OF_CODE_OF_A_KIND = """(() => {
  const seen = new Set();
  for (const box of document.querySelectorAll(".bd-article .highlight")) {
    const place = box.closest(".cell_output") ? "output" : box.closest(".cell") ? "input" : "text";
    for (const word of box.querySelectorAll("pre span")) {
      const kind = `${place} ${word.className}`;
      if (seen.has(kind)) word.replaceWith(...word.childNodes);
      seen.add(kind);
    }
    box.normalize();
  }
})()"""


class Visit(NamedTuple):
    """What was seen on one page, on the screen by day and by night, and then on paper."""

    bytes: int
    complaints: list
    formulas: int
    room: list
    serious: dict
    pale: int
    details: int
    paper: dict
    theme_after_print: str


# What fades in is there at once, and what will be typeset or laid out in the next two frames is.
AT_ONCE = """(async () => {
  for (const wait of [0, 1]) {
    await new Promise(requestAnimationFrame);
    document.getAnimations().filter((animation) => animation.effect.getComputedTiming().endTime < Infinity)
      .forEach((animation) => animation.finish());
  }
})()"""


def visited():
    """Return all pages. `make test` looks at every third page, and in folders at every tenth."""
    pages = [*in_table_of_contents(), *NOT_IN_CONTENTS]
    top, inner = ([page for page in pages if ("/" in page) == folded] for folded in (False, True))
    quick = {*top[::3], *inner[::10], *NOT_IN_CONTENTS}
    return [page if page in quick else pytest.param(page, marks=pytest.mark.long) for page in pages]


@pytest.fixture(scope="module", params=visited())
def visit(request, site, browser):
    """Open a page in a browser that has stored nothing, and look at it in every way."""
    page = browser.page()
    weight = page.go(f"{site}/{request.param}.html")
    complaints = page.refused() + page.errors()
    room, formulas = page.evaluate(ROOM_AROUND_FORMULAS), page.evaluate(FORMULAS)
    page.evaluate("document.querySelectorAll('.bd-article details').forEach((box) => { box.open = true; })")
    page.evaluate(ONE_WORD_OF_CODE_OF_A_KIND)
    page.evaluate(AT_ONCE)
    serious = {"light": found_by_axe(page)}
    set_theme(page, "dark")
    page.evaluate(AT_ONCE)
    serious["dark"] = found_by_axe(page, COLORS_ONLY)
    page.evaluate(PICTURES)
    pale = page.evaluate(PALE)
    page.evaluate("document.querySelectorAll('.bd-article details').forEach((box) => { box.open = false; })")
    page.resize(672, 950)  # an A4 sheet within its margins
    page.use_medium("print")
    page.evaluate("document.querySelector('.bd-article details.hide')?.setAttribute('open', '')")
    page.evaluate(AT_ONCE)
    details = page.evaluate("document.querySelectorAll('.bd-article details.hide').length")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    paper = page.evaluate(ON_PAPER)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.close()
    return Visit(weight, complaints, formulas, room, serious, pale, details, paper, theme)


def test_no_other_page_is_in_the_book(book):
    names = {path.relative_to(book.folder).with_suffix("").as_posix() for path in book.pages()}
    assert names == {*in_table_of_contents(), *NOT_IN_CONTENTS}, "`make clean` removes pages that are gone"


def test_a_page_with_all_that_it_loads_has_less_than_a_megabyte_and_a_half(visit):
    assert 100_000 < visit.bytes < MOST_BYTES


def test_a_page_asks_for_no_file_that_is_not_there_and_writes_no_error(visit):
    assert visit.complaints == []


def test_no_letter_of_an_equation_touches_the_edge_at_which_its_box_is_cut(visit):
    assert len(visit.room) == visit.formulas
    assert [pixels for pixels in visit.room if pixels < 3] == []


def test_no_picture_has_a_pale_frame_in_the_dark(visit):
    assert visit.pale == 0


def test_axe_finds_nothing_serious_on_a_page(visit):
    assert visit.serious == {"light": [], "dark": []}


def test_paper_is_white_whole_and_without_anything_to_press(visit):
    paper = visit.paper
    assert paper["theme"] == "light"
    assert paper["title"]
    assert paper["text"] == "rgb(0, 0, 0)"
    problems = {kind: paper[kind] for kind in ("pressed", "gray", "cut", "scrolls", "torn", "folded") if paper[kind]}
    assert problems == {}
    assert bool(paper["open"]) == bool(visit.details)
    assert visit.theme_after_print == "dark"


def test_axe_finds_a_name_that_is_not_what_is_written_and_text_that_is_pale(site, page):
    page.go(f"{site}/index.html")
    page.evaluate(
        """document.querySelector(".bd-article").insertAdjacentHTML("beforeend",
        '<button aria-label="Search">Find a word</button><p style="color: #ccc; background: #fff">pale words</p>')"""
    )
    assert {found["id"] for found in found_by_axe(page)} == {"label-content-name-mismatch", "color-contrast"}
    assert {found["id"] for found in found_by_axe(page, COLORS_ONLY)} == {"color-contrast"}


def test_the_controls_of_a_page_are_named_by_what_is_written_on_them(book):
    for path in book.pages():
        text = path.read_text(encoding="utf-8")
        assert "Toggle hidden content" not in text
        assert not re.search(r'search-button-field[^>]*aria-label="Search"', text), json.dumps(path.name)
