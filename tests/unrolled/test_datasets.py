"""The data sets hold what their packages hold, and what their documentation says."""

import datetime
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from babel.dates import format_date
from click.testing import CliRunner

from tools import datasets as tool
from unrolled import datasets

ROOT = Path(__file__).resolve().parents[2]
SHA256 = {
    "dates.csv": "b892f569a851221f65e8b93dfbfe8d94d6d400d414394eee3a21ae532eccaccf",
    "digits.txt": "129eef24fe845dfb9ee752501689a6be3cb8afde16fdb4118c6ad9635b5545be",
    "monthly_stocks.csv": "bba6fecae5af8fc63075baba05d5f559ee740d2199086d5b6b7d3e788b3d67d6",
    "names.csv": "c02abbb02983ab65a6ba596c4be0d381d7250aba08ac2ae9235c01a624fa8e6a",
    "seattle_weather.csv": "12747422c2f84c51bba4b40de340572b8a87b03e02b6847f43041d1b234b6e2f",
    "sunspots.csv": "74b8e3acb9886b68abe9c56f6081257d522e2cb2470f17dbf597b396f4ea1706",
}


@pytest.mark.parametrize("file", SHA256)
def test_a_file_is_the_one_that_was_written(file):
    assert hashlib.sha256((tool.DATA / file).read_bytes()).hexdigest() == SHA256[file]


def test_every_file_has_a_source_a_hash_and_a_line_that_says_its_license():
    files = {path.name for path in tool.DATA.iterdir()} - {"LICENSE", "README.md"}
    rows = re.findall(r"^\| `([\w.]+)` \|.*\| ([^|]*(?:public domain|license|License)[^|]*) \|$",
                      (tool.DATA / "README.md").read_text(encoding="utf-8"), re.M)  # fmt: skip
    assert files == set(tool.SOURCES) == set(SHA256) == {file for file, _ in rows}
    licenses = (tool.DATA / "LICENSE").read_text(encoding="utf-8")
    assert all(f"{file}" in licenses for file in files)


@pytest.mark.parametrize("file", tool.SOURCES)
def test_a_file_holds_what_its_package_holds(file):
    text = tool.text_of(file)
    if text is None:
        pytest.skip(f"{tool.SOURCES[file].package} is not installed")
    assert (tool.DATA / file).read_text(encoding="utf-8") == text


def test_the_tool_writes_checks_and_names_a_file_that_differs(tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "DATA", tmp_path)
    monkeypatch.setattr(tool, "SOURCES", {
        "names.csv": tool.SOURCES["names.csv"], "lost.csv": tool.Source("no_such_package", None)
    })  # fmt: skip
    assert CliRunner().invoke(tool.main, ["write"]).exit_code == 0
    assert CliRunner().invoke(tool.main, ["check"]).exit_code == 0
    path = tmp_path / "names.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Allemagne", "Alemagne"), encoding="utf-8")
    told = CliRunner().invoke(tool.main, ["check"])
    assert told.exit_code == 1
    assert "names.csv is not what babel holds" in told.output
    assert "lost.csv: no_such_package is not installed, nothing done" in told.output


def test_a_wheel_carries_the_files(tmp_path):
    # What an earlier build noted of its files must not count, so each run notes them in a folder of its own.
    notes = tmp_path / "notes"
    notes.mkdir()
    command = ["egg_info", "--egg-base", str(notes), "build_py", "--build-lib", str(tmp_path)]
    setup = [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", *command]
    subprocess.run(setup, cwd=ROOT, check=True, capture_output=True)
    built = tmp_path / "unrolled" / "data"
    assert {path.name for path in built.iterdir()} == {*SHA256, "LICENSE", "README.md"}


def test_the_shapes_are_those_of_the_documentation():
    for function in (datasets.monthly_stocks, datasets.seattle_weather, datasets.sunspots, datasets.digits):
        shapes = [value.shape for value in function() if isinstance(value, np.ndarray)]
        said = re.findall(r"^    ([\w, ]+) : ndarray.*shape (\(.*\))$", function.__doc__, re.M)
        assert shapes == [eval(shape) for names, shape in said for _ in names.split(",")]


def test_the_stocks_are_those_that_everybody_knows():
    months, symbols, prices = datasets.monthly_stocks()
    assert str(months[0]) == "2000-01"
    assert str(months[-1]) == "2010-03"
    assert np.all(np.diff(months) == np.timedelta64(1, "M"))
    assert prices[0, symbols.index("MSFT")] == 39.81
    google = prices[:, symbols.index("GOOG")]
    assert str(months[np.isfinite(google).argmax()]) == "2004-08"
    assert np.isnan(prices).sum() == np.isnan(google).sum() == 55


def test_the_weather_has_every_day_and_the_units_that_fit():
    weather = datasets.seattle_weather()
    assert [str(day) for day in weather.days[[0, -1]]] == ["2012-01-01", "2015-12-31"]
    assert np.all(np.diff(weather.days) == np.timedelta64(1, "D"))
    assert np.all(weather.temp_min <= weather.temp_max)
    assert -10 < weather.temp_min.min() < weather.temp_max.max() < 40
    assert 900 < weather.precipitation.sum() / 4 < 1200  # of a year, in mm
    assert set(weather.kinds) == {"drizzle", "fog", "rain", "snow", "sun"}
    assert all(kind in datasets.seattle_weather.__doc__ for kind in set(weather.kinds))


def test_sunspots_have_their_maximum_in_1957_and_a_period_of_11_years():
    years, numbers = datasets.sunspots()
    assert np.array_equal(years, np.arange(1700, 2009))
    assert years[numbers.argmax()] == 1957
    power = np.abs(np.fft.rfft(numbers - numbers.mean()))
    assert round(len(numbers) / power.argmax()) == 11


def test_digits_are_of_ten_kinds_and_near_rows_are_alike():
    images, labels = datasets.digits()
    assert (images.min(), images.max()) == (0, 16)
    assert all(170 < count < 190 for count in np.bincount(labels, minlength=10))
    x = images.reshape(len(images), -1).astype(float)
    square = (x**2).sum(1)
    distance = square[:, None] - 2 * x @ x.T + square
    np.fill_diagonal(distance, np.inf)
    near = np.abs(distance.argmin(1) - np.arange(len(x))) <= 50
    assert near.mean() > 5 * 100 / len(x)


@pytest.mark.parametrize("style", datasets.STYLES)
def test_a_date_is_written_as_babel_writes_it(style):
    for language in datasets.languages():
        for number in range(0, 36_525, 97):
            day = datetime.date(1950, 1, 1) + datetime.timedelta(number)
            assert datasets.write_date(day, language, style) == format_date(day, style, locale=language)


def test_dates_are_drawn_from_the_first_to_the_last_day_with_the_same_seed_the_same():
    drawn = [datasets.dates(np.random.default_rng(3), 50, "de", first="2024-02-28", last="2024-03-01") for _ in "ab"]
    assert drawn[0] == drawn[1]
    written, iso = drawn[0]
    assert set(iso) == {"2024-02-28", "2024-02-29", "2024-03-01"}
    assert {"Freitag, 1. März 2024", "1. März 2024", "01.03.2024"} <= set(written)


def test_names_of_territories_and_languages_are_those_of_cldr():
    territories, languages = datasets.names_by_language(), datasets.names_by_language("languages")
    assert tuple(territories) == tuple(languages) == datasets.languages() == tool.LANGUAGES
    assert territories["fr"]["DE"] == "Allemagne"
    assert languages["tr"]["fr"] == "Fransızca"
    counts = [len(set().union(*named.values())) for named in (territories, languages)]
    assert f"{counts[0]} territories" in datasets.names_by_language.__doc__
    assert f"{counts[1]} languages" in datasets.names_by_language.__doc__
    assert all(name for named in (territories, languages) for words in named.values() for name in words.values())


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: datasets.names_by_language("rivers"), "kind is 'rivers', expected territories or languages"),
        (lambda: datasets.write_date(datetime.date(2024, 3, 1), "xx"), "language is 'xx', expected one of de, en"),
        (lambda: datasets.write_date(datetime.date(2024, 3, 1), "de", "tiny"), "style is 'tiny', expected one of full"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
