"""What holds for every widget of the book: small scripts, stills that stand alone, keys, telephones, colors by roles.

What only one widget does stands in `test_widget_NAME.py`, how widgets are opened and touched in `widget_pages.py`.
"""

import html
import re

import pytest
from page_requests import script_hosts
from widget_pages import CONTROLS, FIGURES, NAME, PHONE_WIDTH, ROOT, SCRIPTS, STILL, USED, WIDGETS, page_of, script_of

pytestmark = pytest.mark.slow

LARGEST_SCRIPT = 15_000  # bytes

# What a style may say of a color beside var(…): nothing, or the color that is there.
COLOR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch)\(", re.IGNORECASE)
COLOR_NAMES = re.compile(r":\s*(?:black|white|gray|grey|red|green|blue|orange|purple|yellow|silver)\b", re.IGNORECASE)


@pytest.fixture(scope="module", params=WIDGETS)
def widget_name(request):
    """Return the name of each widget."""
    return request.param


# --------------------------------------------------------------------------------------- scripts, stills and styles


def test_every_widget_has_a_script_a_still_and_tests_of_its_own():
    assert sorted(file.stem.removeprefix("widget-") for file in FIGURES.glob("widget-*.html")) == WIDGETS
    tests = {file.stem for file in (ROOT / "tests" / "book").glob("test_widget_*.py")}
    assert tests == {f"test_widget_{name.replace('-', '_')}" for name in WIDGETS}


@pytest.mark.parametrize("name", ["shared", *WIDGETS])
def test_a_script_stays_small_and_asks_for_nothing(name):
    script = script_of(name)
    assert len(script.encode()) < LARGEST_SCRIPT
    assert script_hosts(script) == set()
    assert re.findall(r"\b(?:import|export|fetch|XMLHttpRequest|WebSocket|eval)\b", script) == []


@pytest.mark.parametrize(
    "file", sorted([*SCRIPTS.iterdir(), *FIGURES.glob("widget-*.html")]), ids=lambda file: file.name
)
def test_colors_come_from_the_roles_and_the_theme_alone(file):
    text = html.unescape(file.read_text(encoding="utf-8"))
    assert COLOR.findall(text) + COLOR_NAMES.findall(text) == []


@pytest.mark.parametrize(
    "style", ["fill: #0072b2", "color: #fff;", "stroke: rgb(1 2 3)", "background: hsl(0 0% 0%)", "fill: black;"]
)
def test_a_color_that_is_written_out_is_found(style):
    assert COLOR.findall(style) + COLOR_NAMES.findall(style)


# ------------------------------------------------------------------------------------------------------ on its page


def test_still_and_script_draw_the_same(on_page):
    on_page.open(scripts=False)
    before = on_page.drawn(), on_page.said()
    on_page.open()
    assert (on_page.drawn(), on_page.said()) == before
    assert before[0].count("<text") > 15 or before[0].count("<rect") >= 64  # rows of dots need fewer words
    assert before[1]


@pytest.mark.parametrize(("scripts", "media"), [(False, ""), (False, "print"), (True, "print")])
def test_without_scripts_and_in_print_the_drawing_stands_and_no_control(on_page, scripts, media):
    on_page.open(scripts=scripts, media=media)
    assert on_page.visible(CONTROLS) == 0
    assert on_page.visible(STILL) == 3


def test_every_control_has_a_name_and_can_be_reached_by_tab_with_a_visible_focus(widget):
    controls = f"[...document.querySelectorAll({USED!r})]"
    count = widget.evaluate(f"{controls}.length")
    assert widget.visible(USED) == count
    assert count >= 2
    reached, nameless, bare = [], [], []
    for _ in range(count):
        widget.press("Tab")
        place, name, outline = widget.evaluate(
            f"""(() => {{ const part = document.activeElement, style = getComputedStyle(part);
            return [{controls}.indexOf(part), {NAME},
                    style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth)]; }})()"""
        )
        reached.append(place)
        if not name.strip():
            nameless.append(place)
        if outline < 2:
            bare.append(name)
    assert sorted(reached) == list(range(count))
    assert (nameless, bare) == ([], [])


def test_on_a_telephone_the_text_is_readable_and_nothing_is_cut(on_page):
    on_page.open(PHONE_WIDTH)
    on_page.fits_a_telephone()


# ------------------------------------------------------------------------------------------------- on other pages


def test_all_widgets_stand_side_by_side(screen, tmp_path):
    address = page_of(tmp_path, *WIDGETS)
    parts = "[...document.querySelectorAll('.drawing, [aria-live]')].map((part) => part.innerHTML)"
    screen.go(address, scripts=False)
    before = screen.evaluate(parts)
    screen.go(address)
    assert screen.evaluate(parts) == before
    assert len(before) == 2 * len(WIDGETS)
    ids = screen.evaluate("[...document.querySelectorAll('[id]')].map((part) => part.id)")
    assert len(set(ids)) == len(ids)
    assert screen.errors() == []


def test_a_page_without_a_widget_is_left_alone(screen, tmp_path):
    scripts = "".join(f'<script src="{(SCRIPTS / name).as_uri()}.js"></script>' for name in ("shared", *WIDGETS))
    page = tmp_path / "plain.html"
    body = '<figure><p hidden="">nothing to play with</p><input type="range"></figure>'
    page.write_text(f"<!doctype html><title>plain</title>{scripts}<body>{body}</body>", encoding="utf-8")
    frame = "const frame = document.body.appendChild(document.createElement('iframe'))"
    screen.go(page.as_uri())
    assert screen.evaluate("document.body.innerHTML") == body
    assert screen.errors() == []
    clean = f"(() => {{ {frame}; const clean = Object.keys(frame.contentWindow); frame.remove(); return clean; }})()"
    added = set(screen.evaluate("Object.keys(window)")) - set(screen.evaluate(clean))
    assert added == {"unrolledWidgets"}
