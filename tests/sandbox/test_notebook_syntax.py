"""Cells with the notebook's own syntax run in the worker as far as they are Python."""

import pytest
from probing import cell


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("%matplotlib inline\nx = 1\nx", "1"),
        ("x = 1\nif x:\n    %time y = x + 1\ny", "2"),
        ("%%time\nz = 5\nz", "5"),
        ("%%bash\nrm -rf /", None),
        ("files = !ls\nt = %timeit -o 1 + 1\nfiles, t", "(None, None)"),
        ("print?\n?print\nlen??\n7", "7"),
        ("!pip install torch\n%pip install torch\n7", "7"),
        ("get_ipython().run_line_magic('matplotlib', 'inline')\n7", "7"),
        ('7 % 4\n\'%s\' % 3\n"""\n%time\n"""', "'\\n%time\\n'"),
        ("%x\n" * 5000 + "7", "7"),
    ],
)
def test_magics_and_shell_lines_are_taken_out(source, shown):
    result = cell(source)
    assert result.error is None
    assert result.shown == shown


def test_a_syntax_error_is_told_with_the_line_that_the_student_sees():
    error = cell("%matplotlib inline\nx = 1\ny = = 2").error
    assert error["type"] == "SyntaxError"
    assert "line 3" in error["message"]
