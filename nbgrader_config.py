"""Configuration of nbgrader for this course. Every nbgrader command and the formgrader read it from here."""

import os
from contextlib import suppress
from pathlib import Path

from nbgrader.exchange.default import Exchange

from autograder.grading.exchange import configure_exchange
from autograder.grading.plugin import collect_into, configure_autograde, put_programs_on_path

here = Path(__file__).parent
# Students' work and the gradebook stay out of version control. The tests and the sample class name another folder.
classroom = Path(os.environ.get("UNROLLED_CLASSROOM", here / "classroom")).resolve()
exchange = classroom / "exchange"
with suppress(OSError):  # a command that cannot do without a folder says so
    exchange.mkdir(parents=True, exist_ok=True)

c = get_config()  # noqa: F821 - put here by traitlets

c.CourseDirectory.course_id = "unrolled"
c.CourseDirectory.root = str(here)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = str(classroom / "submitted")
c.CourseDirectory.autograded_directory = str(classroom / "autograded")
c.CourseDirectory.feedback_directory = str(classroom / "feedback")
c.CourseDirectory.db_url = f"sqlite:///{classroom / 'gradebook.db'}"
if not Path(Exchange.root.default_value).is_dir():  # nobody has made the folder that all users of a machine share
    c.Exchange.root = str(exchange)

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.Execute.timeout = 300  # of a cell, for Validate: a model is trained in one; where we grade, the sandbox has its own
configure_autograde(c)
configure_exchange(c)
collect_into(c, classroom)
put_programs_on_path()
