"""Files that a learning management system imports: Canvas's gradebook and Moodle's grades, by their own rules.

Canvas reads the header by place: Student, ID, SIS User ID, SIS Login ID, Section, then assignments, each "Name (id)"
or the name of one that there is. A row whose first field says "Points Possible" comes first. A student is found by ID,
else by SIS User ID, else by SIS Login ID, else by a name that somebody has. An empty grade takes a grade away. A field
of digits, points and commas is a number, of which only the last mark is kept: 1.2.3 becomes 12.3.

Moodle takes one row of headers and maps columns by hand: one that identifies (username, email, ID number), which must
never be empty or unknown, else the whole import is refused, and one for each grade item; "-" or nothing takes a grade
away. A grade is a number, by default at most 100.

So that no grade is lost by an import, students without a final grade are left out, unless all are asked for.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.report.people import Person
from autograder.report.summary import ClassSummary, Standing
from autograder.report.tables import as_csv

NO_ASSIGNMENT = ("Current Score", "Current Points", "Current Grade", "Final Score", "Final Points", "Final Grade",
                 "Override Score", "Override Grade", "Override Status")  # fmt: skip
"""Canvas takes a column with one of these in its header for one of its own."""
STUDENT_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOST_IN_MOODLE = 100
_MAIL = re.compile(r"[^\s@,=+-][^\s@,]*@[^\s@,]+")
_ANOTHER_NUMBER = re.compile(r"-?(?=.*(,|\..*\.))[0-9.,]+%?")
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class LmsError(Exception):
    """There is nothing that an LMS could take. The message says why and what to do."""


@dataclass(frozen=True)
class LmsFile:
    """A file for an LMS.

    Attributes
    ----------
    text : str
    left_out : mapping of str to str
        The students who are not in it, and why.
    """

    text: str
    left_out: Mapping[str, str]


def canvas_csv(
    summary: ClassSummary, people: Mapping[str, Person], *, column: str = "", everyone: bool = False
) -> LmsFile:
    """Return the file for Canvas's *Import* button in the gradebook.

    Parameters
    ----------
    summary : ClassSummary
    people : mapping of str to Person
        What is known of the students. `lms_id` is Canvas's own number of a student, the login its SIS Login ID.
    column : str
        The assignment as Canvas calls it, best with its number: "Problem set 3 (12345)". By default its title.
    everyone : bool
        Whether students without a final grade are in it, too. Canvas then takes away a grade that they may have.

    Raises
    ------
    LmsError
        When nobody has a final grade, or Canvas would not take the column for an assignment.
    """
    column = _one_line(column or summary.assignment.title)
    if any(name in column for name in NO_ASSIGNMENT) or column in STUDENT_COLUMNS or not column:
        raise LmsError(f"Canvas does not take a column called {column!r} for an assignment; name another one")
    rows, left_out = [], {}
    names = Counter(person.sortable_name for person in people.values())
    for standing in summary.standings:
        person = people.get(standing.student, Person(standing.student))
        lms_id = person.lms_id if person.lms_id.isdecimal() else ""
        reason = _unfit(standing, everyone) or _unfit_login(person.login)
        if not reason and not lms_id and _ANOTHER_NUMBER.fullmatch(person.login):
            reason = "Canvas takes this login for another number; give lms_user_id in the roster"
        if reason:
            left_out[standing.student] = reason
            continue
        name = _one_line(person.sortable_name)
        if name.startswith(_STARTS_A_FORMULA) or "Points Possible" in name or names[person.sortable_name] > 1:
            name = person.login
        rows.append([name, lms_id, "", person.login, "", _points(standing, "")])
    _refuse_empty(rows, left_out)
    possible = ["    Points Possible", "", "", "", "", f"{summary.max_points:g}"]
    return LmsFile(as_csv([[*STUDENT_COLUMNS, column], possible, *rows]), left_out)


def moodle_csv(
    summary: ClassSummary, people: Mapping[str, Person], *, column: str = "", everyone: bool = False
) -> LmsFile:
    """Return the file for Moodle's *Import, CSV file*: map from Username to Username, or by Email address.

    Parameters
    ----------
    summary : ClassSummary
    people : mapping of str to Person
        What is known of the students. The login is Moodle's username. There is a column Email address only if everybody
        in the file has one, since Moodle refuses a file in which one is missing.
    column : str
        The header of the grades. By default the assignment's title.
    everyone : bool
        Whether students without a final grade are in it, too, with "-". Moodle then takes away what they may have.

    Raises
    ------
    LmsError
        When nobody has a final grade, or grades are higher than Moodle takes.
    """
    if summary.max_points > MOST_IN_MOODLE:
        raise LmsError(f"Moodle takes grades of at most {MOST_IN_MOODLE}; {summary.assignment.name} has"
                       f" {summary.max_points:g} points")  # fmt: skip
    found, left_out = [], {}
    for standing in summary.standings:
        person = people.get(standing.student, Person(standing.student))
        if reason := _unfit(standing, everyone) or _unfit_login(person.login):
            left_out[standing.student] = reason
        else:
            found.append((person, _points(standing, "-")))
    _refuse_empty(found, left_out)
    mails = [person.email for person, _ in found]
    by_mail = all(map(_MAIL.fullmatch, mails)) and len(set(mails)) == len(mails)
    heads = ["Username", *(["Email address"] if by_mail else []), _one_line(column or summary.assignment.title)]
    rows = [[person.login, *([person.email] if by_mail else []), points] for person, points in found]
    return LmsFile(as_csv([heads, *rows]), left_out)


def _unfit(standing: Standing, everyone: bool) -> str:
    """Return why a student has no final grade, where that matters."""
    if everyone or standing.is_final:
        return ""
    return "an answer waits for a person" if standing.waits and standing.has_points else standing.status


def _unfit_login(login: str) -> str:
    """Return why a login can stand in no such file: a spreadsheet would calculate it, or the LMS would cut it."""
    if login.startswith(_STARTS_A_FORMULA):
        return f"a spreadsheet takes a name that begins with {login[0]!r} for a formula"
    return "no LMS has such a name" if login != _one_line(login) or not login else ""


def _points(standing: Standing, none: str) -> str:
    return f"{round(standing.totals.total, 2):g}" if standing.is_final else none


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _refuse_empty(rows: list, left_out: Mapping[str, str]) -> None:
    if not rows:
        reasons = ", ".join(sorted(set(left_out.values()))) or "there are no students"
        raise LmsError(f"nobody has a final grade ({reasons}); --everyone writes the file all the same")
