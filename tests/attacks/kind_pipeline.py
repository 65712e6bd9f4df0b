"""Attacks on the pipeline: what lies in the folder of a submission, and what that folder is."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.attacks.attacking import (
    ALL_POINTS,
    SAMPLE,
    SET,
    Kind,
    cells,
    new_cell,
    right_notebook,
    save,
    spoiled,
    text_cell,
    written,
)

ATTACKS = Kind("pipeline")
add = ATTACKS.add
NAME = f"{SET}.ipynb"

# ---- links ----


def instead_of_folder(target: str):
    """Return what makes the student's own folder a symbolic link."""

    def hand_in(folder: Path, scene) -> None:
        shutil.rmtree(folder.parent)
        folder.parent.symlink_to(scene.told(target))

    return hand_in


def instead_of_set(target: str):
    """Return what makes the folder of the set a symbolic link."""

    def hand_in(folder: Path, scene) -> None:
        shutil.rmtree(folder)
        folder.symlink_to(scene.told(target))

    return hand_in


def notebook_links_to(target: str, link=os.symlink):
    """Return what makes the notebook a link."""

    def hand_in(folder: Path, scene) -> None:
        link(scene.told(target), folder / NAME)

    return hand_in


WORK = "to be graded on another's work"
add("a folder that is a link to a peer's", WORK, instead_of_folder("ada"))
add("a folder that is a link upwards", WORK, instead_of_folder(".."))
add("a folder of the set that is a link to a peer's", WORK, instead_of_set("../ada/ps3"))
add("a notebook that is a link to a peer's", WORK, notebook_links_to("⟨peer⟩"))
add("a notebook that is a link to the solutions", WORK, notebook_links_to("⟨source⟩"))
add("a notebook that is a link to a secret", "to read a file", notebook_links_to("⟨file⟩"))
add("a notebook that is a link to itself", "to stop the class", notebook_links_to(NAME))
add("a notebook that is a hard link to a peer's", WORK, notebook_links_to("⟨peer⟩", os.link))
add("a notebook that is a hard link to the solutions", WORK, notebook_links_to("⟨source⟩", os.link))
add("a link beside the notebook", "to have a file copied", spoiled(lambda folder: (folder / "data").symlink_to("/etc")))

# ---- the time it was handed in ----

TIMES = {
    "a pipe": lambda path: os.mkfifo(path),
    "a folder": lambda path: path.mkdir(),
    "400 MB": lambda path: (path.touch(), os.truncate(path, 400 << 20)),
    "garbage": lambda path: path.write_bytes(bytes(range(256)) * 10),
    "the year 99999": lambda path: path.write_text("99999-01-01 00:00:00 UTC"),
    "the year 1": lambda path: path.write_text("0001-01-01 00:00:00 +2359"),
    "HTML": lambda path: path.write_text("<script>window.taken = 1</script>"),
    "a device": lambda path: subprocess.run(["mknod", path, "c", "1", "5"], check=False),
}
for name, make in TIMES.items():
    add(f"a timestamp that is {name}", "to stop the class",
        spoiled(lambda folder, make=make: make(folder / "timestamp.txt") and None), ALL_POINTS)  # fmt: skip

# ---- the notebook as a file ----

FILES = {
    "a pipe": lambda folder: os.mkfifo(folder / NAME),
    "a folder": lambda folder: (folder / NAME).mkdir(),
    "300 MB": lambda folder: ((folder / NAME).touch(), os.truncate(folder / NAME, 300 << 20)),
    "not there": lambda folder: None,
    "one that nobody may read": lambda folder: (save(folder, {"cells": []}), os.chmod(folder / NAME, 0)),
    "a device": lambda folder: subprocess.run(["mknod", folder / NAME, "c", "1", "5"], check=False),
}
for name, make in FILES.items():
    add(f"a notebook that is {name}", "to stop the class", lambda folder, scene, make=make: make(folder) and None)

TEXT = json.dumps(right_notebook())
OPEN = TEXT[:-1]
CONTENTS = {
    "nothing": "",
    "null": "null",
    "a number": "7",
    "a list of lists 100,000 deep": "[" * 100_000 + "]" * 100_000,
    "a list 100,000 deep in it": f'{OPEN}, "x": {"[" * 100_000}{"]" * 100_000}}}',
    "cells that are no list": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {"a": 1}}',
    "cells that are numbers": '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1, null, [], "x"]}',
    "a format of the future": '{"nbformat": 99, "nbformat_minor": 5, "metadata": {}, "cells": []}',
    "a format that is text": '{"nbformat": "four", "nbformat_minor": -1, "metadata": [], "cells": []}',
    "a number of 10,000 digits": f'{OPEN}, "x": {"9" * 10_000}}}',
}
for name, content in CONTENTS.items():
    add(f"JSON: {name}", "to stop the class", written(lambda content=content: content))
STILL_RIGHT = {
    "NaN and infinities": f'{OPEN}, "x": [NaN, Infinity, -Infinity, 1e999]}}',
    "every key twice": f'{OPEN}, "cells": {json.dumps(right_notebook()["cells"])}}}',
    "halves of characters": TEXT.replace("Send the gradient", "\\ud800\\udfff\\udc00"),
    "a mark of the byte order": "\ufeff" + TEXT,
    "bytes that are no text": TEXT.encode().replace(b"Send the gradient", b"\xff\xfe\x80"),
    "a null character": TEXT.replace("Send the gradient", "\\u0000"),
}
for name, content in STILL_RIGHT.items():
    add(f"JSON: {name}", "to stop the class", written(lambda content=content: content), ALL_POINTS)


def larger(more: str):
    """Return the content of a notebook with more in its JSON."""
    return written(lambda: f'{OPEN}, "x": {more}}}')


COST = "the grader's time and memory"
add("JSON: six million dicts", COST, lambda *a: larger("[" + "{}," * 5_900_000 + "{}]")(*a), ALL_POINTS, alone=True)
add("JSON: six million lists", COST, lambda *a: larger("[" + "[]," * 5_900_000 + "[]]")(*a), ALL_POINTS, alone=True)
add("JSON: a text without end", COST, lambda *a: larger('"' + '\\"' * 9_000_000)(*a), alone=True)
add("100,000 cells", COST, cells(*["x=1"] * 100_000, into=right_notebook), ALL_POINTS, alone=True)
NOTHING = json.dumps(right_notebook()["cells"])[:-1] + ', {"metadata":{},"source":"x"}' * 45_000 + "]"
MANY = f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": {NOTHING}}}'
add("45,000 cells of nothing", COST, written(lambda: MANY), ALL_POINTS, alone=True, seconds=5)
add("2,000 cells that print", COST, cells(*["print('x' * 999)"] * 1_900, into=right_notebook), ALL_POINTS, alone=True)
add("a line of blanks", COST, cells("x:" + " " * 200_000 + "!", into=lambda: {**right_notebook(), "cells": [
    {**cell, "metadata": {}} for cell in right_notebook()["cells"]]}), ALL_POINTS, alone=True)  # fmt: skip
add("five million lines", COST, lambda folder, scene: save(folder, {**right_notebook(), "cells": [
    *[{**cell, "metadata": {}} for cell in right_notebook()["cells"]], *[new_cell("x=1\n" * 50_000)] * 60]}),
    ALL_POINTS, alone=True, slow=True)  # fmt: skip
add("a text of 15 MB", COST, lambda folder, scene: save(folder, {**right_notebook(), "cells": [
    *right_notebook()["cells"], text_cell("[<" * 7_000_000)]}), ALL_POINTS, alone=True)  # fmt: skip
add("ids that stand a thousand times", "the instructor's terminal", lambda folder, scene: save(folder, {
    **right_notebook(), "cells": [*right_notebook()["cells"], *[new_cell("1", id="same")] * 1000]}),
    ALL_POINTS)  # fmt: skip

# ---- what lies beside it ----


def deep(folder: Path) -> None:
    """Make folders in folders, deeper than any path is long."""
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(2500):
        os.mkdir("a")
        os.chdir("a")
    os.chdir(here)


def planted(folder: Path) -> None:
    """Write files that tools look for."""
    for name in (
        "nbgrader_config.py",
        "jupyter_config.py",
        "conftest.py",
        "sitecustomize.py",
        "numpy.py",
        "autograder.py",
    ):
        (folder / name).write_text(f"open({str(folder / 'planted')!r}, 'w').write('x')\nraise SystemExit('planted')")
    (folder / ".ipython" / "profile_default" / "startup").mkdir(parents=True)
    (folder / ".ipython" / "profile_default" / "startup" / "x.py").write_text("raise SystemExit")


def records(folder: Path) -> None:
    """Hand in a record and a page of one's own."""
    for name in ("records", "feedback", ".grading", "autograded"):
        (folder / name).mkdir()
        (folder / name / f"{SET}.json").write_text('{"points": 99, "verdicts": [{"points": 99, "passed": true}]}')
        (folder / name / f"{SET}.html").write_text("<script>window.taken = 1</script>")
    (folder.parent / f"{SET}.json").write_text('{"points": 99}')
    (folder / "gradebook.db").write_bytes(b"SQLite format 3\x00")


def many(folder: Path) -> None:
    """Make files without number."""
    for number in range(40_000):
        (folder / f"f{number}").touch()


def misplaced(folder: Path, scene) -> None:
    """Make a folder that might be meant for the set, and is deep."""
    shutil.move(folder, folder.parent / "PS3")
    deep(folder.parent / "PS3")


add("folders 2,500 deep", COST, spoiled(deep), ALL_POINTS)
add("40,000 files beside it", COST, spoiled(many), ALL_POINTS, alone=True)
add("files that tools look for", "to run in the grader", spoiled(planted), ALL_POINTS)
add("records and pages of its own", "a record that nobody made", spoiled(records, lambda: json.loads(
    (SAMPLE / "fatima" / SET / NAME).read_text())))  # fmt: skip
add("a folder of the same name 2,500 deep", "to stop the class", misplaced)
add("the notebook of another set", "points for other questions", written(
    lambda: (SAMPLE / "ada" / "ps2" / "ps2.ipynb").read_text()))  # fmt: skip
add("the notebooks of two sets in one", "points for other questions", lambda folder, scene: save(folder, {
    **right_notebook(), "cells": json.loads((SAMPLE / "ada" / "ps2" / "ps2.ipynb").read_text())["cells"]
    + right_notebook()["cells"]}), ALL_POINTS)  # fmt: skip

NAMES = {
    "dots": "..ada",
    "an option": "--force",
    "a new line": "ada\nbo 99",
    "a peer's name with a space": "ada ",
    "a peer's name in other letters": "аda",
    "a pattern": "a*",
    "a pattern of braces": "{ada,bo}",
    "a hidden folder": ".ada",
    "a statement": "ada'; drop table grade; --",
    "a name of 250 letters": "m" * 250,
    "half a character": "ada\udcff",
    "the name of the set": SET,
    "the peer in capitals": "ADA",
}
for name, student in NAMES.items():
    add(f"a folder called like {name}", "to be taken for somebody else, or to stop the class",
        cells("print('mine')", into=right_notebook), ALL_POINTS, student=student)  # fmt: skip
