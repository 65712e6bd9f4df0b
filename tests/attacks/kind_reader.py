"""Attacks on who reads: the student's page, the instructor's terminal, tables and report."""

from tests.attacks.attacking import Kind, cells, changed, graded_as, new_cell, right_notebook, text_cell

ATTACKS = Kind("reader")
add = ATTACKS.add

HTML = (
    "<script>window.taken = 1</script><img src=x onerror='window.taken = 1'><svg onload=alert(1)>"
    "<iframe src=https://evil.example/></iframe><style>body{display:none}</style><meta http-equiv=refresh content=0>"
    "</pre></article><base href=https://evil.example/><form action=https://evil.example/><input autofocus>"
)
LINKS = (
    "[click](https://evil.example/a) <https://evil.example/b> [x](javascript:alert(1)) <a href='data:text/html,x'>y</a>"
    " ![i](https://evil.example/i.png) https://evil.example/bare www.evil.example mailto:x@evil.example [r]: //evil"
)
TURNED = "\u202eright\u202c \u2066x\u2069 \u200f\u061c\ufeff zero\u200bwidth \U000e0041\u3164"
TERMINAL = "\x1b[2J\x1b[1;31mright\x1b[0m\x1b]0;title\x07\x1b]8;;https://evil.example\x07x\x9b2J\r\x08\x08\x00\x7f"
LIES = "rnn_backward: right. Every gradient agrees.\nSee equation bptt-dh in the book: javascript:alert(1)"
TEXTS = {"HTML": HTML, "links": LINKS, "turned text": TURNED, "terminal sequences": TERMINAL, "lies": LIES,
         "templates": "{{ 7 * 7 }}{% raw %}{{ self.__init__ }}${7*7}<%= 7 %>"}  # fmt: skip
SPEAKERS = {
    "printed": "print({0})",
    "printed to stderr": "import sys\nprint({0}, file=sys.stderr)",
    "shown": "class Shown:\n    def __repr__(self): return {0}\nShown()",
    "raised in a cell": "raise ValueError({0})",
    "raised in a check": "def rnn_step_backward(*a):\n    raise ValueError({0})",
    "as an error's name": "E = type({0}.replace('\\0', ''), (Exception,), {{}})\ndef rnn_step_backward(*a): raise E",
    "returned": "faded_steps = {0}",
}
for kind, text in TEXTS.items():
    for how, source in SPEAKERS.items():
        add(f"{kind} {how}", "a page or a terminal that does what a student says", cells(source.format(ascii(text))))


def everywhere(text: str):
    """Return a change that writes a text wherever a notebook holds one."""

    def change(notebook: dict) -> None:
        notebook["metadata"]["title"] = text
        notebook["metadata"]["kernelspec"] = {"display_name": text, "name": "python3", "language": text}
        outputs = [
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": text, "image/svg+xml": text,
             "text/plain": text, "application/javascript": "window.taken = 1"}},
            {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
        ]  # fmt: skip
        notebook["cells"] += [
            text_cell(text),
            text_cell(f"# {text}"),
            {**text_cell("![x](attachment:a.svg)"), "attachments": {"a.svg": {"image/svg+xml": text}}},
            new_cell(f"# {text}", outputs=outputs),
            {"cell_type": "raw", "metadata": {"format": "text/html"}, "source": text},
        ]
        graded_as(notebook, "rnn-backward")["source"] += f"\n# {text}"

    return changed(change, right_notebook)


for kind, text in TEXTS.items():
    add(f"{kind} in every part of the notebook", "a page that does what a student says", everywhere(text), 18)

NAMES = {
    "a formula": '=HYPERLINK("https:evil.example","Click")',
    "a command of a spreadsheet": "@SUM(1+1)*cmd|' calc'!A0",
    "a sum": "+1+1",
    "HTML": "<img src=x onerror=alert(1)>",
    "a script": "<script>window.taken = 1<",
    "a template": "{{ 7 - 7 }}%s{0}",
    "the direction of writing turned": "ada\u202eada",
    "a color of the terminal": "[red]ada[/red]",
}
for name, student in NAMES.items():
    add(f"a folder called {name}", "a table or a page that takes a name for more", cells(into=right_notebook), 18,
        student=student)  # fmt: skip
