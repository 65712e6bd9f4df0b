"""Mutants: the true solution with one small change in its syntax tree, which every check has to refuse."""

import ast
import copy
from collections.abc import Iterator

import solutions

SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
}
"""Operators and what they become."""

OTHER_METHODS = {"sum": "mean", "max": "min", "mean": "sum", "argmax": "argmin", "argmin": "argmax"}
DROPPED_METHODS = ("swapaxes", "transpose", "cumsum", "copy", "round")


def mutants(set_name: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield what was done and the source of the cell, for every small change of what defines `name`.

    The docstring and the lines that only make room (``np.empty``) are left alone: nothing in them is computed.
    """
    tree = solutions.function_source(set_name, name)
    target = _definition(tree, name)
    for number, node in enumerate(ast.walk(target)):
        for what, change in _changes(node):
            mutant = copy.deepcopy(tree)
            place = list(ast.walk(_definition(mutant, name)))[number]
            change(place)
            source = ast.unparse(ast.fix_missing_locations(mutant))
            if source != ast.unparse(tree):
                yield f"{what} in `{_line(node, target)}`", source


def _definition(tree: ast.Module, name: str) -> ast.AST:
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return functions[-1] if functions else tree


def _line(node: ast.AST, target: ast.AST) -> str:
    """Return the statement in which a node stands, on one line."""
    inside = [
        statement
        for statement in ast.walk(target)
        if isinstance(statement, ast.stmt) and statement is not target and node in ast.walk(statement)
    ]
    if not inside:
        return ast.unparse(node).splitlines()[0]
    return ast.unparse(min(inside, key=lambda statement: len(list(ast.walk(statement))))).splitlines()[0]


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPPED:
            other = SWAPPED[type(node.op)]
            yield f"{_sign(node.op)} becomes {_sign(other())}", lambda place: setattr(place, "op", other())
        yield f"left of {_sign(node.op)} only", lambda place: _become(place, place.left)
        yield f"right of {_sign(node.op)} only", lambda place: _become(place, place.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.Not):
        yield "sign dropped", lambda place: _become(place, place.operand)
    elif isinstance(node, ast.AugAssign):
        yield "+= becomes =", lambda place: _become(place, ast.Assign([place.target], place.value))
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        other = SWAPPED[type(node.ops[0])]
        yield f"{_sign(node.ops[0])} becomes {_sign(other())}", lambda place: setattr(place, "ops", [other()])
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield ".T dropped", lambda place: _become(place, place.value)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield f"{node.value} becomes {node.value + 1}", lambda place: setattr(place, "value", place.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield f"{node.value} becomes {not node.value}", lambda place: setattr(place, "value", not place.value)
    elif isinstance(node, ast.Call):
        yield from _changes_of_call(node)
    elif isinstance(node, ast.IfExp):
        yield "the first of two only", lambda place: _become(place, place.body)
        yield "the second of two only", lambda place: _become(place, place.orelse)
    elif isinstance(node, ast.If):
        yield "always", lambda place: setattr(place, "test", ast.Constant(True))
        yield "never", lambda place: setattr(place, "test", ast.Constant(False))


def _changes_of_call(node: ast.Call) -> Iterator[tuple[str, object]]:
    function = node.func
    if isinstance(function, ast.Name) and function.id == "reversed":
        yield "reversed dropped", lambda place: _become(place, place.args[0])
    if isinstance(function, ast.Name) and function.id == "range" and len(node.args) == 1:
        yield (
            "one round fewer",
            lambda place: setattr(place, "args", [ast.BinOp(place.args[0], ast.Sub(), ast.Constant(1))]),
        )
    if isinstance(function, ast.Attribute):
        if function.attr in OTHER_METHODS:
            other = OTHER_METHODS[function.attr]
            yield f"{function.attr} becomes {other}", lambda place: setattr(place.func, "attr", other)
        if function.attr in DROPPED_METHODS:
            yield f"{function.attr} dropped", lambda place: _become(place, place.func.value)
        if function.attr in ("tanh", "exp", "log") and len(node.args) == 1:
            yield f"{function.attr} dropped", lambda place: _become(place, place.args[0])
        if function.attr == "where":
            yield "the first of two only", lambda place: _become(place, place.args[1])
            yield "the second of two only", lambda place: _become(place, place.args[2])


def _sign(operator: ast.AST) -> str:
    signs = {
        ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.Mod: "%",
        ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.Gt: ">", ast.LtE: "<=", ast.GtE: ">=", ast.FloorDiv: "//",
        ast.BitAnd: "&", ast.BitOr: "|",
    }  # fmt: skip
    return signs.get(type(operator), type(operator).__name__)


def _become(place: ast.AST, other: ast.AST) -> None:
    """Turn a node into another one, in place, whatever holds it."""
    place.__class__ = other.__class__
    place.__dict__.clear()
    place.__dict__.update(other.__dict__)
