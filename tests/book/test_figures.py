"""The figures of notebooks, put into the page in the colors of the page."""

import importlib.util
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("figures", ROOT / "book" / "_ext" / "figures.py")
figures = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(figures)

ROLES = ("input", "hidden", "output", "gradient", "neutral", "extra")


def roles_of_pages(theme):
    """Return the colors of one theme in roles.css, by role."""
    css = (ROOT / "book" / "_static" / "roles.css").read_text(encoding="utf-8")
    block = re.search(rf'html\[data-theme="{theme}"\] \{{(.*?)\}}', css, re.DOTALL).group(1)
    return dict(re.findall(r"--role-(\w+): (#\w{6});", block))


def luminance(color):
    """Return the relative luminance of a color, as WCAG 2 defines it."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast ratio of two colors, as WCAG 2 defines it."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_the_style_of_the_figures_the_pages_and_the_replacement_have_the_same_colors_in_the_same_order():
    with plt.style.context("unrolled.figure"):
        cycle = [f"#{color.lstrip('#').lower()}" for color in plt.rcParams["axes.prop_cycle"].by_key()["color"]]
    assert roles_of_pages("light") == dict(zip(ROLES, cycle, strict=True))
    assert [figures.COLORS[color] for color in cycle] == [f"var(--role-{role})" for role in ROLES]


@pytest.mark.parametrize(("theme", "page"), [("light", "#ffffff"), ("dark", "#14181e")])
def test_every_role_can_be_read_as_text_on_the_page(theme, page):
    colors = roles_of_pages(theme)
    assert tuple(colors) == ROLES
    assert {role: ratio for role, color in colors.items() if (ratio := contrast(color, page)) < 4.5} == {}


def drawn(folder, **how):
    """Draw a small figure with the style of the course and return the text of its SVG file."""
    with plt.style.context("unrolled.figure"):
        figure, axes = plt.subplots()
        axes.plot([0, 1], [0, 1], "C3", label="gradient")
        axes.text(0.2, 0.5, "box", bbox={"facecolor": "white", "edgecolor": "C1"})
        axes.legend()
        figure.savefig(folder / "figure.svg", **how)
        plt.close(figure)
    return (folder / "figure.svg").read_text(encoding="utf-8")


def test_a_figure_in_a_page_has_the_colors_of_the_page_and_no_others(tmp_path):
    svg = drawn(tmp_path)
    assert "#a0358f" in svg
    page = figures.in_page(svg, "A line.", "one")
    assert re.findall(r"#[0-9a-fA-F]{6}\b", page) == []
    for variable in ("var(--role-gradient)", "var(--role-hidden)", "var(--pst-color-background)", "currentcolor"):
        assert variable in page


def test_a_figure_in_a_page_says_what_it_shows_and_carries_no_style_for_the_rest_of_the_page(tmp_path):
    page = figures.in_page(drawn(tmp_path), 'A line <rising> & "steep".', "one")
    assert page.startswith("<svg ")
    assert "<title>A line &lt;rising&gt; &amp; &quot;steep&quot;.</title>" in page
    assert "<style" not in page
    assert "<metadata" not in page
    assert re.findall(r' (?:width|height)="[^"]*"', page.partition(">")[0]) == [' width="100%"']


def test_two_figures_of_a_page_share_no_id_and_every_reference_leads_to_one(tmp_path):
    svg = drawn(tmp_path)
    one, other = (set(re.findall(r'\bid="([^"]+)"', figures.in_page(svg, "A line.", key))) for key in ("1", "2"))
    assert one
    assert not one & other
    page = figures.in_page(svg, "A line.", "1")
    led_to = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert led_to
    assert led_to <= one


def test_a_figure_in_a_page_is_small_and_draws_the_same_to_a_tenth_of_a_point(tmp_path):
    with plt.style.context("unrolled.figure"):
        figure, axes = plt.subplots()
        axes.plot([0, 1, 3], [0.123, 0.456, 0.789], "C1o-", label="states")
        axes.plot([0, 3], [0.2, 0.2], "C3", alpha=0.25)
        figure.savefig(tmp_path / "points.svg")
        plt.close(figure)
    svg = (tmp_path / "points.svg").read_text(encoding="utf-8")
    page = figures.in_page(svg, "Three points.", "one")
    assert len(page) < 0.8 * len(svg)
    assert re.findall(r"\s{2,}|>\s+<", page) == []
    assert "stroke-opacity: 0.25" in page  # digits of a style stay
    assert re.findall(r"scale\([^)]*\)", page) == re.findall(r"scale\([^)]*\)", svg)

    def points(text):
        return np.array(re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', text), float)

    np.testing.assert_allclose(points(page), points(svg), atol=0.051)
    (group,) = re.findall(r'<g[^>]*>(?:<use [^>]* x="[^>]*>){3}</g>', page)
    assert group.count("style=") == 1
    assert "var(--role-hidden)" in group.partition(">")[0]


def test_a_line_of_many_points_is_drawn_in_steps_that_add_up_to_its_points(tmp_path):
    heights = np.random.default_rng(0).standard_normal(200)
    with plt.style.context("unrolled.figure"):
        figure, axes = plt.subplots()
        axes.plot(heights, "C3")
        figure.savefig(tmp_path / "line.svg")
        plt.close(figure)
    svg = (tmp_path / "line.svg").read_text(encoding="utf-8")
    (line,) = re.findall(r'<path d="([^"]*)"[^>]*stroke: #a0358f', svg)
    points = np.array(re.findall(r"[ML] ([\d.]+) ([\d.]+)", line), float)
    (start, steps) = re.search(
        r'd="M([^"l]+)l([^"]+)"[^>]*stroke: var\(--role-gradient', figures.in_page(svg, "", "1")
    ).groups()
    drawn_points = np.cumsum(np.array((start + " " + steps).split(), float).reshape(-1, 2), axis=0)
    assert len(points) > 100
    np.testing.assert_allclose(drawn_points, points, atol=0.051)


def test_a_second_figure_uses_the_letters_of_the_first_and_no_reference_is_lost(tmp_path):
    svg, known = drawn(tmp_path), {}
    one, other = (figures.share_letters(figures.in_page(svg, "A line.", key), known) for key in ("1", "2"))
    assert one == figures.in_page(svg, "A line.", "1")
    assert len(other) < 0.9 * len(one)
    ids = [set(re.findall(r'\bid="([^"]+)"', figure)) for figure in (one, other)]
    assert not ids[0] & ids[1]
    led_to = set(re.findall(r'(?:href="|url\()#([^")]+)', other))
    assert led_to <= ids[0] | ids[1]
    assert led_to & ids[0]
