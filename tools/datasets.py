"""Write the data sets of ``unrolled/data`` from the packages that carry them, or compare them with those packages.

The packages are not needed to read the course, and only Babel comes with it. Each file is a table in plain text, so
that a change shows as a line. Where a package is not installed, its files are left alone and named.
"""

import csv
import gzip
import importlib.util
import io
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click

DATA = Path(__file__).resolve().parent.parent / "unrolled" / "data"

#: The languages of the dates and names: Latin letters, and few enough to read each.
LANGUAGES = ("de", "en", "es", "fi", "fr", "hu", "it", "nl", "pl", "pt", "sv", "tr")
DAYS_OF_THE_WEEK, MONTHS = range(7), range(1, 13)
STYLES = ("full", "long", "medium", "short")
PSEUDO = {"XA", "XB", "ZZ"}  # codes of CLDR for tests of programs, and for no territory


class Source(NamedTuple):
    """Where a file comes from: the package to import, and what makes the file's text of its folder."""

    package: str
    text: Callable[[Path], str]


def folder_of(package: str) -> Path | None:
    """Return where a package is installed, or None. It is not imported, so that what it needs need not be there."""
    found = importlib.util.find_spec(package)
    return None if found is None else Path(found.submodule_search_locations[0])


def table(rows: list) -> str:
    """Return rows as comma-separated values, a row a line."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def rows_of(path: Path) -> list[list[str]]:
    """Return the rows of a file of comma-separated values, without the first, which names the columns."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


def stocks(package: Path) -> str:
    """Return a row a month, a column a company; empty where a company was not listed yet."""
    prices = {}
    for symbol, day, price in rows_of(package / "_data" / "stocks.csv"):
        prices[f"{datetime.strptime(day, '%b %d %Y'):%Y-%m}", symbol] = price
    months, symbols = (sorted(set(key)) for key in zip(*prices, strict=True))
    return table(
        [["month", *symbols], *([month, *(prices.get((month, name), "") for name in symbols)] for month in months)]
    )


def weather(package: Path) -> str:
    """Return the rows of the package with its dates as in 2012-01-31."""
    rows = rows_of(package / "_data" / "seattle-weather.csv")
    names = ["day", "precipitation", "temp_max", "temp_min", "wind", "weather"]
    return table([names, *([day.replace("/", "-"), *rest] for day, *rest in rows)])


def sunspots(package: Path) -> str:
    """Return the year and the number of every row."""
    return table([["year", "sunspots"], *rows_of(package / "datasets" / "sunspots" / "sunspots.csv")])


def digits(package: Path) -> str:
    """Return a line a picture: the digit, a blank, and 64 marks from 0 to 9 and a to g, which stand for 0 to 16."""
    text = gzip.decompress((package / "datasets" / "data" / "digits.csv.gz").read_bytes()).decode("ascii")
    marks = "0123456789abcdefg"
    lines = []
    for row in csv.reader(io.StringIO(text)):
        *pixels, digit = (int(float(value)) for value in row)
        lines.append(f"{digit} {''.join(marks[pixel] for pixel in pixels)}\n")
    return "".join(lines)


def dates(_package: Path) -> str:
    """Return a row a language: how it writes a date, the months, the months in short, and the days from Monday on.

    The months and days are in the form that they have within a date, which in some languages is not the one that they
    have alone. Finnish takes the latter for the days, as its pattern says by cccc in place of EEEE.
    """
    from babel import Locale

    rows = [["language", *STYLES, *(f"month {m}" for m in MONTHS), *(f"month {m} short" for m in MONTHS)]]
    rows[0] += [f"day {day + 1}" for day in DAYS_OF_THE_WEEK]
    for language in LANGUAGES:
        locale = Locale(language)
        patterns = [locale.date_formats[style].pattern for style in STYLES]
        context = "stand-alone" if "c" in patterns[0] else "format"
        months = [locale.months["format"][width][m] for width in ("wide", "abbreviated") for m in MONTHS]
        rows.append([language, *patterns, *months, *(locale.days[context]["wide"][day] for day in DAYS_OF_THE_WEEK)])
    return table(rows)


def names(_package: Path) -> str:
    """Return a row a territory or language, a column for each language that names it; empty where it does not."""
    from babel import Locale

    locales = [Locale(language) for language in LANGUAGES]
    rows = [["kind", "code", *LANGUAGES]]
    for kind in ("territories", "languages"):
        named = [getattr(locale, kind) for locale in locales]
        codes = {code for table in named for code in table if code.isalpha() and code not in PSEUDO}
        rows += [[kind, code, *(table.get(code, "") for table in named)] for code in sorted(codes)]
    return table(rows)


SOURCES = {
    "monthly_stocks.csv": Source("vega_datasets", stocks),
    "seattle_weather.csv": Source("vega_datasets", weather),
    "sunspots.csv": Source("statsmodels", sunspots),
    "digits.txt": Source("sklearn", digits),
    "dates.csv": Source("babel", dates),
    "names.csv": Source("babel", names),
}


def text_of(file: str) -> str | None:
    """Return what a file must hold, or None where its package is not installed."""
    package = folder_of(SOURCES[file].package)
    return None if package is None else SOURCES[file].text(package)


@click.command()
@click.argument("what", type=click.Choice(["write", "check"]))
def main(what: str) -> None:
    """Write the files, or end with 1 if one of them does not hold what its package holds."""
    different = False
    for file, source in SOURCES.items():
        text = text_of(file)
        if text is None:
            click.echo(f"{file}: {source.package} is not installed, nothing done")
        elif what == "write":
            (DATA / file).write_text(text, encoding="utf-8", newline="\n")
            click.echo(f"{file}: {len(text.encode()) / 1000:.0f} kB")
        elif text != (DATA / file).read_text(encoding="utf-8"):
            different = True
            click.echo(f"{file} is not what {source.package} holds: run `python tools/datasets.py write`")
    sys.exit(different)


if __name__ == "__main__":
    main()
