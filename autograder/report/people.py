"""Who the students are: what the gradebook knows of them beside their points."""

from dataclasses import dataclass

from nbgrader import api
from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Person:
    """One student of the roster.

    Attributes
    ----------
    login : str
        nbgrader's id of the student, which is the name of the folder, too.
    first_name, last_name, email, lms_id : str
        As `nbgrader db student add` takes them; empty where nobody said.
    """

    login: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""

    @property
    def sortable_name(self) -> str:
        """Last name, first name; or the login."""
        return ", ".join(name for name in (self.last_name, self.first_name) if name) or self.login


def people(db_url: str) -> dict[str, Person]:
    """Return all students that a gradebook knows, by login. One that does not exist, or cannot be read, knows none."""
    url = make_url(db_url)
    if url.get_backend_name() == "sqlite":
        url = make_url(f"sqlite:///file:{url.database}?mode=ro&uri=true")
    engine = create_engine(url)
    try:
        with Session(engine) as session:
            return {
                row.id: Person(row.id, *((value or "").strip() for value in
                               (row.first_name, row.last_name, row.email, row.lms_user_id)))
                for row in session.scalars(select(api.Student))
            }  # fmt: skip
    except DBAPIError:
        return {}
    finally:
        engine.dispose()
