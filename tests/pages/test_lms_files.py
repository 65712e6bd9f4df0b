"""What an LMS is given is what it takes, names everybody it is meant for, and takes no grade away."""

import csv
import io

import pytest
from graded_parts import assignment, class_of
from lms_rules import CanvasStudent, Refused, canvas_import, moodle_import

from autograder.report import LmsError, canvas_csv, moodle_csv
from autograder.report.people import Person

TITLE = "Problem set 3: Backpropagation through time"
IN_CANVAS = {77: TITLE, 78: "Another one"}
PEOPLE = {
    "ada": Person("ada", "Ada", "Lovelace", "ada@example.org", "101"),
    "bo": Person("bo", "Bo;", 'O\'Neill, "the 2nd"', "bo@example.org", "not a number"),
    "cy": Person("cy", '=HYPERLINK("https://evil.example")', "", "cy@example.org", ""),
}
KNOWN = [
    CanvasStudent(101, "other-login", "Somebody"),
    CanvasStudent(102, "bo", "Bo"),
    CanvasStudent(103, "cy", "Cy"),
    CanvasStudent(104, "1.2.3", "Dee"),
]
WRONG = {"rnn_backward": "rnn_backward is not right yet."}


def rows(file):
    return list(csv.reader(io.StringIO(file.text, newline="")))


@pytest.fixture
def three():
    """Ada has all, Bo 14 points, Cy all but 2.5 for being late."""
    return class_of({"ada": {}, "bo": WRONG, "cy": {}}, late={"cy": 2.5})


@pytest.mark.parametrize("column", ["", TITLE, "Whatever it is called (77)"])
def test_canvas_takes_the_file_and_finds_everybody(three, column):
    file = canvas_csv(three, PEOPLE, column=column)
    grades, possible = canvas_import(file.text, KNOWN, IN_CANVAS)
    assert grades == {101: {TITLE: "18"}, 102: {TITLE: "14"}, 103: {TITLE: "15.5"}}
    assert possible == {TITLE: 18}
    assert file.left_out == {}


def test_the_header_of_canvas_is_the_published_one(three):
    head, possible, *_ = rows(canvas_csv(three, PEOPLE, column="Set 3 (77)"))
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Set 3 (77)"]
    assert possible == ["    Points Possible", "", "", "", "", "18"]


@pytest.mark.parametrize("column", ["Final Score", "Override Grade of set 3", "Section", "Current Points"])
def test_a_column_that_canvas_takes_for_one_of_its_own_is_refused(three, column):
    with pytest.raises(LmsError, match="Canvas does not take a column called"):
        canvas_csv(three, PEOPLE, column=column)


def test_moodle_takes_the_file_by_username_and_by_email(three):
    file = moodle_csv(three, PEOPLE)
    assert rows(file)[0] == ["Username", "Email address", TITLE]
    right = {"ada": {TITLE: 18.0}, "bo": {TITLE: 14.0}, "cy": {TITLE: 15.5}}
    assert moodle_import(file.text, "Username", set(PEOPLE), {TITLE}) == right
    mails = {person.email for person in PEOPLE.values()}
    assert set(moodle_import(file.text, "Email address", mails, {TITLE})) == mails


def test_moodle_is_given_no_column_of_addresses_in_which_one_is_missing(three):
    unknown = {**PEOPLE, "bo": Person("bo")}
    assert rows(moodle_csv(three, unknown))[0] == ["Username", TITLE]
    assert rows(moodle_csv(three, {}))[0] == ["Username", TITLE]


def test_whoever_has_no_final_grade_is_left_out_so_that_no_grade_is_taken_away():
    found = class_of(
        {"ada": {}, "bo": {}, "cy": {}},
        handed_in={"ada": "0" * 64, "bo": "another notebook", "cy": "0" * 64, "dee": "1"},
        students=["eve"],
    )
    why = {"bo": "graded before the last change", "dee": "not graded", "eve": "not handed in"}
    for file in (canvas_csv(found, {}), moodle_csv(found, {})):
        assert file.left_out == why
        assert "eve" not in file.text


def test_an_answer_that_waits_for_a_person_keeps_the_student_out():
    found = class_of({"ada": {}, "bo": {}}, name="ps8", given={"bo": {"written-answer": 1.5}})
    file = canvas_csv(found, {})
    assert file.left_out == {"ada": "an answer waits for a person"}
    assert rows(file)[-1][3:] == ["bo", "", "25.5"]
    nobody = class_of({"ada": {}}, name="ps8")
    for write in (canvas_csv, moodle_csv):
        with pytest.raises(LmsError, match=r"nobody has a final grade \(an answer waits for a person\)"):
            write(nobody, {})


def test_everyone_is_in_the_file_where_that_is_asked_for():
    found = class_of({"ada": {}}, students=["eve"])
    assert rows(canvas_csv(found, {}, everyone=True))[-1] == ["eve", "", "", "eve", "", ""]
    file = moodle_csv(found, {}, everyone=True)
    assert moodle_import(file.text, "Username", {"ada", "eve"}, {TITLE}) == {"ada": {TITLE: 18.0}, "eve": {TITLE: None}}


@pytest.mark.parametrize("login", ["=cmd|' /C calc'!A0", "+1", "-x", "@sum", "two\nlines", " space ", "\u202eada"])
def test_a_login_that_is_a_formula_or_no_name_is_left_out_and_named(login):
    found = class_of({"ada": {}, login: {}})
    for file in (canvas_csv(found, {}), moodle_csv(found, {})):
        assert set(file.left_out) == {login}
        assert len(rows(file)[-1]) == len(rows(file)[0])


@pytest.mark.parametrize("login", ["1.2.3", "20,5", "1.000.000"])
def test_a_login_that_canvas_reads_as_another_number_is_left_out_unless_its_number_is_known(login):
    found = class_of({"ada": {}, login: {}})
    file = canvas_csv(found, {})
    assert file.left_out == {login: "Canvas takes this login for another number; give lms_user_id in the roster"}
    known = canvas_csv(found, {login: Person(login, "Dee", "Young", "", "104")}, column=TITLE)
    grades, _ = canvas_import(known.text, [*KNOWN, CanvasStudent(105, "ada", "Ada")], IN_CANVAS)
    assert set(grades) == {104, 105}


def test_two_people_of_one_name_are_not_taken_for_one_another():
    alike = {login: Person(login, "Ada", "Lovelace") for login in ("ada", "ada2")}
    file = canvas_csv(class_of({"ada": {}, "ada2": WRONG}), alike, column=TITLE)
    one = CanvasStudent(7, "another-login", "Ada Lovelace", sortable_name="Lovelace, Ada")
    with pytest.raises(Refused, match="knows nobody"):
        canvas_import(file.text, [one], IN_CANVAS)
    alone = canvas_csv(class_of({"ada": {}}), {"ada": alike["ada"]}, column=TITLE)
    assert set(canvas_import(alone.text, [one], IN_CANVAS)[0]) == {7}


def test_no_field_is_a_formula(three):
    for file in (canvas_csv(three, PEOPLE), moodle_csv(three, PEOPLE)):
        assert not [field for row in rows(file) for field in row if field[:1] in "=+-@" and field]


def test_more_points_than_moodle_takes_are_refused():
    found = class_of({"ada": {}})
    large = assignment()
    cells = tuple(
        cell
        if cell.check != "rnn_backward"
        else type(cell)(**{**vars(cell), "metadata": {**cell.metadata, "points": 99}})
        for cell in large.cells
    )
    large = type(found)(type(large)(large.name, cells, title=large.title), *list(vars(found).values())[1:])
    with pytest.raises(LmsError, match="grades of at most 100; ps3 has 113 points"):
        moodle_csv(large, {})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Name,ID,Section,A (77)\r\nada,1,,3\r\n", "Invalid header row"),
        ("Student,ID,SIS User ID,SIS Login ID,Group,A (77)\r\nada,1,,ada,,3\r\n", "Invalid header row"),
        ("Student,ID,Section,Unknown\r\nada,1,,3\r\n", "new assignment"),
        ("Student,ID,Section,A (77),Final Score\r\nada,1,,3,3\r\n", "no assignment"),
        ("Student,ID,SIS User ID,SIS Login ID,Section,A (77)\r\nada,,,nobody,,3\r\n", "knows nobody"),
        ("Student,ID,SIS User ID,SIS Login ID,Section,A (77)\r\nada,101,,ada,,three\r\n", "no grade"),
        ("Student,ID,Section,A (77)\r\nada,1,3\r\n", "unequal length"),
        ("Student;ID;Section;A (77)\r\nada;101;;3\r\n", "separated by commas"),
        ("Student,ID,Section,A (77),A (77)\r\nada,101,,3,3\r\n", "two columns are called"),
        ("Student,ID,SIS User ID,SIS Login ID,Section\r\nada,101,,ada,\r\n", "no assignment"),
        (f"Student,ID,SIS User ID,SIS Login ID,Section,{TITLE}\r\na,101,,,,3\r\nb,101,,,,4\r\n", "two rows for"),
        (f"Student,ID,SIS User ID,SIS Login ID,Section,{TITLE}\r\na,,,1.2.3,,3\r\n", "knows nobody"),
    ],
)
def test_the_rules_of_canvas_refuse_what_canvas_refuses(text, why):
    with pytest.raises(Refused, match=why):
        canvas_import(text, KNOWN, IN_CANVAS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Username,A\r\n,3\r\n", "names nobody"),
        ("Username,A\r\nzoe,3\r\n", "usermappingerror"),
        ("Username,A\r\nada,three\r\n", "badgrade"),
        ("Username,A\r\nada,101\r\n", "gradevaluetoobig"),
        ("Username,B\r\nada,1\r\n", "no grade item"),
        ("Login,A\r\nada,1\r\n", "cannotmapfield"),
        ("Username,A\r\nada,1,2\r\n", "csvweirdcolumns"),
        ("Username\r\nada\r\n", "csvfewcolumns"),
        ("Username,A\r\n", "csvfewcolumns"),
        ("Username,A,A\r\nada,1,1\r\n", "cannotmapfield"),
    ],
)
def test_the_rules_of_moodle_refuse_what_moodle_refuses(text, why):
    with pytest.raises(Refused, match=why):
        moodle_import(text, "Username", {"ada"}, {"A"})
