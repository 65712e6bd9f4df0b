"""Real data that ship with the course, one function a set. Nothing is downloaded.

The files lie in ``unrolled/data``; the README there says where each comes from and under which license. They were
written by ``tools/datasets.py`` from the packages that carry them.
"""

import csv
import datetime
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

#: How a date is written, from the longest to the shortest.
STYLES = ("full", "long", "medium", "short")


class Stocks(NamedTuple):
    """What `monthly_stocks` returns."""

    months: np.ndarray
    symbols: tuple
    prices: np.ndarray


class Weather(NamedTuple):
    """What `seattle_weather` returns."""

    days: np.ndarray
    temp_max: np.ndarray
    temp_min: np.ndarray
    precipitation: np.ndarray
    wind: np.ndarray
    kinds: np.ndarray


def monthly_stocks():
    """Return the price of five stocks at the start of every month, from January 2000 to March 2010.

    Returns
    -------
    months : ndarray of datetime64[M], shape (123,)
    symbols : tuple of str
        AAPL, AMZN, GOOG, IBM and MSFT.
    prices : ndarray, shape (123, 5)
        US dollars, corrected for splits. NaN before a stock was listed: GOOG begins in August 2004.

    Notes
    -----
    Source: ``stocks.csv`` of vega_datasets 0.9.0, package under the MIT license. Neither a source nor a license of the
    prices is stated there. The package calls them daily closing prices; the file has one a month.
    """
    header, rows = _table("monthly_stocks.csv")
    months = np.array([row[0] for row in rows], dtype="datetime64[M]")
    return Stocks(months, tuple(header[1:]), _numbers([row[1:] for row in rows]))


def seattle_weather():
    """Return the weather of every day of the years 2012 to 2015 in Seattle.

    Returns
    -------
    days : ndarray of datetime64[D], shape (1461,)
    temp_max, temp_min : ndarray, shape (1461,)
        The day's highest and lowest temperature, °C.
    precipitation : ndarray, shape (1461,)
        Millimeters.
    wind : ndarray, shape (1461,)
        Mean speed, meters per second.
    kinds : ndarray of str, shape (1461,)
        drizzle, fog, rain, snow or sun.

    Notes
    -----
    Source: ``seattle-weather.csv`` of vega_datasets 0.9.0, package under the MIT license; the package says that the
    numbers come from NOAA and are in the public domain. It names no units: these are the ones that fit the values.
    """
    _, rows = _table("seattle_weather.csv")
    day, rain, high, low, wind, kinds = zip(*rows, strict=True)
    rain, high, low, wind = (_numbers(column) for column in (rain, high, low, wind))
    return Weather(np.array(day, dtype="datetime64[D]"), high, low, rain, wind, np.array(kinds))


def sunspots():
    """Return the number of sunspots of every year from 1700 to 2008.

    Returns
    -------
    years : ndarray of int, shape (309,)
    numbers : ndarray, shape (309,)
        The yearly mean of the sunspot number. It has no unit: groups count ten times.

    Notes
    -----
    Source: ``sunspots.csv`` of statsmodels 0.15.0, from the National Geophysical Data Center of the United States;
    statsmodels says that the data are in the public domain.
    """
    _, rows = _table("sunspots.csv")
    years, numbers = zip(*rows, strict=True)
    return np.array(years, dtype=int), _numbers(numbers)


def digits():
    """Return 1,797 digits written by hand, as pictures of 8 × 8 pixels.

    Returns
    -------
    images : ndarray of int, shape (1797, 8, 8)
        Ink from 0 to 16. Rows from above.
    labels : ndarray of int, shape (1797,)
        0 to 9.

    Notes
    -----
    Source: ``digits.csv.gz`` of scikit-learn 1.9.1, which says that it is the test set of E. Alpaydin and C. Kaynak,
    Optical Recognition of Handwritten Digits, UCI. Package under the BSD license; it states none of the pictures. Rows
    near each other are alike, as if by one hand, and the writers are not named: split the rows in order, not at random.
    """
    lines = _path("digits.txt").read_text(encoding="ascii").splitlines()
    labels, pixels = zip(*(line.split(" ") for line in lines), strict=True)
    images = [[int(mark, 17) for mark in row] for row in pixels]
    return np.array(images).reshape(-1, 8, 8), np.array(labels, dtype=int)


def languages():
    """Return the languages of `dates` and `names_by_language`.

    Returns
    -------
    tuple of str
        Their codes, twelve of ISO 639, such as "de" and "tr".
    """
    return tuple(_date_words())


def dates(rng, N, language, *, styles=STYLES[:3], first="1950-01-01", last="2049-12-31"):
    """Draw days and write each as a language does, in words and figures.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the days and styles.
    N : int
        How many to draw. The same may come twice.
    language : str
        One of `languages`.
    styles : sequence of str
        What to choose from: "full" with the day of the week, "long", "medium", "short". Some short ones do not show the
        century.
    first, last : str
        The days to draw from, both included.

    Returns
    -------
    written : list of str
        Such as "Freitag, 1. März 2024".
    iso : list of str
        Such as "2024-03-01".

    Raises
    ------
    ValueError
        If there is no such language or style.
    """
    first, last = (datetime.date.fromisoformat(day).toordinal() for day in (first, last))
    days = [datetime.date.fromordinal(int(day)) for day in rng.integers(first, last + 1, N)]
    chosen = [styles[style] for style in rng.integers(0, len(styles), N)]
    written = [write_date(day, language, style) for day, style in zip(days, chosen, strict=True)]
    return written, [day.isoformat() for day in days]


def write_date(day, language, style="long"):
    """Write a day as a language does.

    Parameters
    ----------
    day : datetime.date
    language : str
        One of `languages`.
    style : {"full", "long", "medium", "short"}

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there is no such language or style.

    Notes
    -----
    Source: CLDR, as in Babel 2.18.0; the data are under the Unicode License v3, which lies beside them.
    """
    words = _date_words()
    if language not in words:
        raise ValueError(f"write_date: language is {language!r}, expected one of {', '.join(words)}; pass one of them.")
    if style not in STYLES:
        raise ValueError(f"write_date: style is {style!r}, expected one of {', '.join(STYLES)}; pass one of them.")
    of = words[language]
    weekday = of[f"day {day.isoweekday()}"]
    month, short = of[f"month {day.month}"], of[f"month {day.month} short"]
    fields = {
        "EEEE": weekday, "cccc": weekday, "MMMM": month, "MMM": short, "MM": f"{day.month:02}", "M": str(day.month),
        "dd": f"{day.day:02}", "d": str(day.day), "y": str(day.year), "yy": f"{day.year % 100:02}",
    }  # fmt: skip
    parts = re.findall(r"'[^']*'|E+|c+|M+|d+|y+|.", of[style])
    return "".join(part.strip("'") if part.startswith("'") else fields.get(part, part) for part in parts)


def names_by_language(kind="territories"):
    """Return what twelve languages call the territories or the languages of the world.

    Parameters
    ----------
    kind : {"territories", "languages"}
        261 territories by their codes, such as "DE", or 639 languages by theirs, such as "de".

    Returns
    -------
    dict of str to dict of str to str
        Language, code, name: ``["fr"]["DE"]`` is "Allemagne". A code that a language does not name is left out. Many
        names are the same in several languages ("Andorra").

    Raises
    ------
    ValueError
        If there is no such kind.

    Notes
    -----
    Source: CLDR, as in Babel 2.18.0; the data are under the Unicode License v3, which lies beside them.
    """
    header, rows = _table("names.csv")
    if kind not in (kinds := sorted({row[0] for row in rows}, reverse=True)):
        raise ValueError(f"names_by_language: kind is {kind!r}, expected {' or '.join(kinds)}; pass one of them.")
    return {
        language: {row[1]: row[column] for row in rows if row[0] == kind and row[column]}
        for column, language in enumerate(header[2:], start=2)
    }


@cache
def _date_words():
    """Return for every language its patterns, months and days, by the names of the columns."""
    header, rows = _table("dates.csv")
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def _path(file):
    return files("unrolled").joinpath("data", file)


def _table(file):
    """Return the names of the columns of a file and its other rows."""
    header, *rows = csv.reader(_path(file).read_text(encoding="utf-8").splitlines())
    return header, rows


def _numbers(values):
    """Return texts as an array of numbers of the same shape; an empty text gives NaN."""
    texts = np.array(values)
    return np.where(texts == "", "nan", texts).astype(float)
