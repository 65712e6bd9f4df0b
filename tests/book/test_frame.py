"""The frame of the book, part by part, without a browser."""

import importlib
import re
import sys
from pathlib import Path

import pytest
import yaml
from building import ROOT

EXTENSIONS = ROOT / "book" / "_ext"
FONT_AWESOME = (
    '{},moon:[384,512,[1],"f186","M1 outline"],"file-pdf":[512,512,[],"f1c1","M2"],moon:[400,512,[],"f186","M3"]'
)


def part(name):
    """Return a module of the frame."""
    if str(EXTENSIONS) not in sys.path:
        sys.path.append(str(EXTENSIONS))
    return importlib.import_module(name)


@pytest.mark.parametrize(
    ("page", "prefix"),
    [
        ("03-backpropagation-through-time", "3"),
        ("10-attention", "10"),
        ("folklore/k07-truncating-at-ten-steps", "K7"),
        ("uses/u2-stock-prices", "U2"),
        ("problem-sets/ps2", "PS2"),
        ("gradient-checking", "GC"),
        ("real-time-recurrent-learning", "RTRL"),
        ("notation", "N"),
    ],
)
def test_numbers_on_a_page_begin_with_its_chapter_its_claim_or_its_initials(page, prefix):
    assert part("page_numbers").prefix_of(page) == prefix


KNOWN = {"term-mask": ("mask", "<p>Ones and zeros.</p>")}
LINK = '<a class="reference internal" href="{}"><span class="xref std std-term">mask</span></a>'


@pytest.mark.parametrize("address", ["glossary.html#term-mask", "../glossary.html#term-mask", "#term-mask"])
def test_a_linked_term_is_described_by_one_note_at_the_end_of_the_page(address):
    body = part("glossary_notes").with_notes(2 * LINK.format(address), KNOWN)
    assert body.count('aria-describedby="note-term-mask"') == 2
    assert body.count('<div class="glossary-note" role="tooltip" id="note-term-mask"><b>mask</b><p>Ones') == 1


@pytest.mark.parametrize("address", ["glossary.html#term-other", "other.html#term-mask", "glossary.html"])
def test_a_link_that_leads_to_no_known_term_stays_as_it_is(address):
    assert part("glossary_notes").with_notes(LINK.format(address), KNOWN) == LINK.format(address)


def test_a_style_sheet_keeps_exactly_the_rules_that_can_hold_for_an_element():
    css = (
        "@charset 'utf-8';/*! a { comment } */a,.gone b:hover{x:1}.here.gone{x:2}.here>p{x:3}a:not(.gone){x:4}"
        '@media print{.gone{x:5}.here{x:"}"}}@media screen{.gone{x:6}}[class*=".gone"]{x:7}'
        "@font-face{font-family:Font Awesome\\ 6 Free;src:url(a)}@font-face{font-family:Other}:root{--a:1}"
    )
    kept = (
        "@charset 'utf-8';a{x:1}.here>p{x:3}a:not(.gone){x:4}"
        '@media print{.here{x:"}"}}[class*=".gone"]{x:7}@font-face{font-family:Other}:root{--a:1}'
    )
    assert part("finish").pruned(css, {"here"}) == kept


def test_an_icon_becomes_the_drawing_that_the_theme_has_for_it_with_its_data_and_without_a_name():
    finish = part("finish")
    tag = '<i class="theme-switch fa-solid fa-moon  fa-lg" data-mode="dark"  title="Dark"></i>'
    svg = finish.finished_page(tag, finish.Icons(FONT_AWESOME))
    assert svg.startswith(
        '<svg class="svg-inline--fa theme-switch fa-solid fa-moon fa-lg" data-mode="dark" aria-hidden'
    )
    assert 'viewBox="0 0 400 512"><path fill="currentColor" d="M3"/>' in svg
    assert "title" not in svg


@pytest.mark.parametrize("letter", ['"\\f1c1"', '"\uf1c1"'])
def test_a_letter_of_the_icons_font_becomes_a_mask(letter):
    finish = part("finish")
    css = (
        f"html{{--pst-icon-a:{letter};--pst-icon-b:var(--pst-icon-a)}}.x::after{{color:red;content:var(--pst-icon-b)}}"
    )
    masks = finish.masks(css, finish.Icons(FONT_AWESOME))
    assert re.match(r'\.x::after\{content:"";.*mask:var\(--icon\)', masks)
    assert '.x::after{--icon:url("data:image/svg+xml,%3Csvg' in masks
    assert "path d=%22M2%22" in masks


def test_an_icon_that_the_theme_does_not_have_stays_and_is_warned_of(monkeypatch):
    finish = part("finish")
    warnings = []
    monkeypatch.setattr(finish.LOGGER, "warning", lambda text, *values: warnings.append(text % values))
    tag = '<i class="fa-solid fa-unicorn"></i>'
    assert finish.finished_page(tag, finish.Icons(FONT_AWESOME)) == tag
    assert warnings == ["no icon is called solid unicorn"]


def test_a_name_in_a_table_may_break_behind_an_underscore_and_one_in_a_sentence_stays_as_it_is():
    finish = part("finish")
    code = '<p><code><span class="pre">rnn_forward(a_b)</span></code></p>'
    page = f'{code}<table><tr><td class="a_b">{code}</td></tr></table>{code}'
    broken = code.replace("rnn_forward(a_b)", "rnn_<wbr>forward(a_<wbr>b)")
    finished = f'{code}<table><tr><td class="a_b">{broken}</td></tr></table>{code}'
    assert finish.finished_page(page, finish.Icons(FONT_AWESOME)) == finished


def test_the_addresses_of_the_page_that_is_shown_anywhere_start_at_the_root():
    kept = '<a href="#d"><a href="https://e.org/"><a href="/f">'
    text = f'<a href="a.html"><a href="./b.html"><img src="_static/c.svg">{kept}'
    assert part("finish").from_root(text, "/unrolled/") == (
        f'<a href="/unrolled/a.html"><a href="/unrolled/b.html"><img src="/unrolled/_static/c.svg">{kept}'
    )


@pytest.mark.parametrize(
    ("asset", "body", "needed"),
    [
        ("_static/widgets/gain.js", '<div data-widget="gain">', True),
        ("_static/widgets/gain.js?v=1", '<div data-widget="unroll">', False),
        ("widgets/shared.js", '<div data-widget="unroll">', True),
        ("widgets/shared.js", "<p>data-widget</p>", False),
        ("widgets/widgets.css", '<div data-widget="unroll">', True),
        ("mathjax/startup.js", '<span class="math notranslate">', True),
        ("mathjax/startup.js", "<p>aftermath</p>", False),
        ("copybutton.js", '<div class="highlight"><pre>', True),
        ("copybutton.js", "<p>text</p>", False),
        ("custom.css", "<p>text</p>", True),
    ],
)
def test_a_page_loads_what_stands_in_it(asset, body, needed):
    assert part("page_assets").is_needed(asset, body) is needed


def test_a_description_ends_after_a_sentence_where_one_ends_in_time_and_after_a_word_elsewhere():
    shortened = part("page_meta").shortened
    sentence = "This is a sentence of about eighty characters, which is more than sixty of them."
    assert shortened(f"{sentence} {'word ' * 60}") == sentence
    cut = shortened("word " * 60)
    assert len(cut) <= 200
    assert re.fullmatch(r"(word )+word…", cut)


def test_every_extension_is_named_in_the_configuration_or_connected_by_the_frame():
    config = yaml.safe_load((EXTENSIONS.parents[1] / "_config.yml").read_text(encoding="utf-8"))["sphinx"]
    named = set(config["local_extensions"])
    assert named <= set(config["config"]["extensions"])  # that list replaces what Jupyter Book makes of the other
    names = {path.stem for path in EXTENSIONS.glob("*.py")} - named
    assert {module.__name__ for module in vars(part("frame")).values() if hasattr(module, "setup")} == names
    assert Path(part("finish").NOT_FOUND).is_file()
