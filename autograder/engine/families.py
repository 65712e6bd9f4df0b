"""Terms that every layer has, and the mistakes that are made with each of them: written once, for all layers.

A member's name is that of the tensor it spoils, as in "dWh_one_step"; its family, "totals.one_step", is written here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from autograder.engine.mistakes import Mistake
from autograder.engine.terms import Formula, Term, of

CLIPPED_AT = (1, 5, 10, 100)


@dataclass(frozen=True)
class Affine:
    """The way back through z = x Wx + … + b, at one time step.

    Attributes
    ----------
    inputs : mapping of str to (str, str, str)
        For every input, such as ``x_t``: its weights, the gradient that goes back to it, and the contribution to the
        gradient of the weights.
    bias : str
        The contribution to the gradient of the bias.
    equations : mapping of str to str
        The equation of every term.
    words : mapping of str to str
        How a gradient is called in a sentence, where not by its symbol.
    dz : str
        The gradient at z.
    """

    inputs: Mapping[str, tuple[str, str, str]]
    bias: str
    equations: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    dz: str = "dz"

    @property
    def terms(self) -> dict[str, Term]:
        """What goes back to every input, and what every input contributes to the weights."""
        formulas = {}
        for weights, back, _ in self.inputs.values():
            formulas[back] = of(f"{self.dz} {weights}", lambda dz, W: dz @ W.T)
        for value, (_, _, part) in self.inputs.items():
            formulas[part] = of(f"{value} {self.dz}", lambda x, dz: x.T @ dz)
        formulas[self.bias] = of(self.dz, lambda dz: dz.sum(axis=0))
        return {name: Term(formula, self.equations[name]) for name, formula in formulas.items()}

    def mistakes(self, *, upstream: str = "", skips: str = "", square: str = "") -> tuple[Mistake, ...]:
        """Return what goes wrong in these terms.

        Parameters
        ----------
        upstream : str
            The gradient in front of the activation, where it has the shape of dz and is used in its place.
        skips : str
            What is skipped then.
        square : str
            The weights that are square, which can be transposed by mistake.
        """
        found = []
        for value, (weights, back, part) in self.inputs.items():
            gradient = self._words(back)
            if weights == square:
                found += [
                    Mistake(
                        f"{weights}_not_transposed",
                        f"{weights} is not transposed where the gradient goes back to {self._goal(back)}.",
                        {back: of(f"{self.dz} {weights}", lambda dz, W: dz @ W)},
                        "products.not_transposed",
                    ),
                    Mistake(
                        f"{weights}_left_out",
                        f"{weights} is left out where the gradient goes back to {self._goal(back)}.",
                        {back: of(self.dz, lambda dz: dz)},
                        "products.weights_left_out",
                    ),
                    Mistake(
                        f"{_plain(part)}_transposed",
                        f"{_plain(part)} is transposed.",
                        {part: of(f"{value} {self.dz}", lambda x, dz: dz.T @ x)},
                        "products.transposed",
                    ),
                ]
            if upstream:
                instead = f"made from dh instead of dz: it skips {skips}."
                found += [
                    Mistake(
                        f"{_plain(back)}_from_dh",
                        f"{gradient} is {instead}",
                        {back: of(f"{upstream} {weights}", lambda dh, W: dh @ W.T)},
                        "products.back_from_dh",
                    ),
                    Mistake(
                        f"{_plain(part)}_from_dh",
                        f"{_plain(part)} is {instead}",
                        {part: of(f"{value} {upstream}", lambda x, dh: x.T @ dh)},
                        "products.weights_from_dh",
                    ),
                ]
        bias = _plain(self.bias)
        if upstream:
            formula = of(upstream, lambda dh: dh.sum(axis=0))
            found.append(
                Mistake(f"{bias}_from_dh", f"{bias} is {instead}", {self.bias: formula}, "products.bias_from_dh")
            )
        means = {
            part: of(f"{value} {self.dz}", lambda x, dz: x.T @ dz / len(dz))
            for value, (_, _, part) in self.inputs.items()
        }
        mean = of(self.dz, lambda dz: dz.mean(axis=0))
        found += [
            Mistake(
                f"{bias}_mean",
                f"{bias} is the mean over the batch, but a gradient of the summed loss is a sum.",
                {self.bias: mean},
                "products.bias_mean",
            ),
            Mistake(
                "weights_mean",
                "The gradients of the weights are divided by the batch size, but a gradient of the summed loss is a"
                " sum.",
                {**means, self.bias: mean},
                "products.weights_mean",
            ),
            Mistake(
                f"{bias}_first_sequence",
                f"{bias} holds the first sequence of the batch only.",
                {self.bias: of(self.dz, lambda dz: dz[0])},
                "products.bias_first_sequence",
            ),
        ]
        return tuple(found)

    def _words(self, gradient: str) -> str:
        return self.words.get(gradient, _plain(gradient))

    def _goal(self, gradient: str) -> str:
        return self._words(gradient).removeprefix("The gradient of ")


def _plain(name: str) -> str:
    """Return the name of a gradient without what says that it is that of one step."""
    return name.removesuffix("_part").removesuffix("_t")


def clipped(term: str, needs: str, function: Callable) -> tuple[Mistake, ...]:
    """Return what comes out when a gradient on its way, the term that `function` makes of `needs`, is clipped."""
    return tuple(
        Mistake(
            f"{term.removesuffix('_total')}_clipped_at_{limit}",
            f"The gradient is clipped at {limit} on its way; clipping belongs to the optimizer, after the gradient is"
            " complete.",
            {term: of(needs, lambda *values, limit=limit: np.clip(function(*values), -limit, limit))},
            f"{term}.clipped_at_{limit}",
        )
        for limit in CLIPPED_AT
    )


def slopes_of_tanh(
    dz: str,
    upstream: str,
    h: str,
    *,
    value: str = "the hidden state",
    symbol: str = "h",
    where: str = "",
    tag: str = "",
) -> tuple[Mistake, ...]:
    """Return what goes wrong where a gradient passes tanh: ``dz = upstream * (1 - h**2)``.

    Parameters
    ----------
    dz, upstream, h : str
        The term, the gradient that arrives, and the value that tanh made.
    value, symbol : str
        How that value is called in a sentence and in a formula.
    where : str
        What a sentence begins with where a layer has several activations, such as "Candidate g".
    tag : str
        What the names end with then.
    """
    wrong: dict[str, tuple[str, Callable]] = {
        "no_tanh_derivative": (
            "The derivative of tanh is missing, so that the gradient passes the activation unchanged.",
            lambda dh, h: dh,
        ),
        "square_missing": (
            f"In the derivative of tanh {value} is not squared.",
            lambda dh, h: dh * (1 - h),
        ),
        "only_the_square": (
            f"The derivative of tanh is taken to be the square of {value}; that is subtracted from 1.",
            lambda dh, h: dh * h**2,
        ),
        "brackets_missing": (
            "The derivative of tanh has no brackets, so that the gradient multiplies its first part alone.",
            lambda dh, h: dh * 1 - h**2,
        ),
        "sign_in_derivative": (
            "In the derivative of tanh the square has the wrong sign.",
            lambda dh, h: dh * (1 + h**2),
        ),
        "tanh_twice": (
            f"tanh is applied to {value} once more before its derivative is taken.",
            lambda dh, h: dh * (1 - np.tanh(h) ** 2),
        ),
        "sigmoid_derivative": (
            f"The derivative used is that of the sigmoid, {symbol}(1 - {symbol}), but the activation is tanh.",
            lambda dh, h: dh * h * (1 - h),
        ),
        "derivative_squared": (
            "The derivative of tanh is multiplied in twice.",
            lambda dh, h: dh * (1 - h**2) ** 2,
        ),
    }
    return _slopes(wrong, dz, f"{upstream} {h}", "tanh", where, tag)


def slopes_of_sigmoid(
    dz: str, upstream: str, gate: str, *, z: str = "", where: str = "", tag: str = ""
) -> tuple[Mistake, ...]:
    """Return what goes wrong where a gradient passes the sigmoid: ``dz = upstream * gate * (1 - gate)``.

    Parameters
    ----------
    dz, upstream, gate : str
        The term, the gradient that arrives, and the value that the sigmoid made.
    z : str
        The pre-activation, where that can be taken for the gate.
    where, tag : str
        What the sentences begin with and the names end with, as in `slopes_of_tanh`.
    """
    wrong: dict[str, tuple[str, Callable]] = {
        "no_sigmoid_derivative": (
            "The derivative of the sigmoid is missing, so that the gradient passes the activation unchanged.",
            lambda d, gate: d,
        ),
        "tanh_derivative": (
            "The derivative used is that of tanh, one minus the square, but the activation is the sigmoid.",
            lambda d, gate: d * (1 - gate**2),
        ),
        "sigmoid_for_its_derivative": (
            "The gradient is multiplied with the gate itself where the derivative of the sigmoid belongs.",
            lambda d, gate: d * gate,
        ),
        "one_minus_the_gate": (
            "The gradient is multiplied with one minus the gate; that is one of two factors of the derivative of the"
            " sigmoid.",
            lambda d, gate: d * (1 - gate),
        ),
        "brackets_missing_in_sigmoid": (
            "The derivative of the sigmoid has no brackets, so that the gradient multiplies its first part alone.",
            lambda d, gate: d * gate * 1 - gate,
        ),
        "sign_in_sigmoid_derivative": (
            "In the derivative of the sigmoid the gate is added to 1; it is subtracted.",
            lambda d, gate: d * gate * (1 + gate),
        ),
        "sigmoid_twice": (
            "The sigmoid is applied to the gate once more before its derivative is taken.",
            lambda d, gate: d * _sigmoid(gate) * (1 - _sigmoid(gate)),
        ),
        "sigmoid_derivative_squared": (
            "The derivative of the sigmoid is multiplied in twice.",
            lambda d, gate: d * (gate * (1 - gate)) ** 2,
        ),
    }
    found = _slopes(wrong, dz, f"{upstream} {gate}", "sigmoid", where, tag)
    if not z:
        return found
    of_z = {
        "sigmoid_derivative_of_z": (
            "The derivative of the sigmoid is taken of the pre-activation z, but the formula wants the gate that the"
            " sigmoid made of it.",
            lambda d, z: d * z * (1 - z),
        )
    }
    return (*found, *_slopes(of_z, dz, f"{upstream} {z}", "sigmoid", where, tag))


def _slopes(
    wrong: Mapping[str, tuple[str, Callable]], dz: str, needs: str, family: str, where: str, tag: str
) -> tuple[Mistake, ...]:
    return tuple(
        Mistake(
            f"{name}_{tag}" if tag else name,
            f"{where}: {sentence[0].lower()}{sentence[1:]}" if where else sentence,
            {dz: of(needs, function)},
            f"{family}.{name}",
        )
        for name, (sentence, function) in wrong.items()
    )


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


@dataclass(frozen=True)
class Totals:
    """The sums of the steps' contributions to the gradients of the weights.

    Attributes
    ----------
    equations : mapping of str to str
        The equation of every gradient, by its name: ``{"dWx": "bptt-dWx"}``. Its contribution is called dWx_part.
    recurrent : str
        The gradient of the recurrent weights.
    """

    equations: Mapping[str, str]
    recurrent: str = "dWh"

    @property
    def terms(self) -> dict[str, Term]:
        """The sum of the contributions over time."""
        formulas = self._each(lambda parts: parts.sum(axis=0))
        return {name: Term(formula, self.equations[name]) for name, formula in formulas.items()}

    def _each(self, function: Callable) -> dict[str, Formula]:
        return {name: of(f"{name}_part", function) for name in self.equations}

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What goes wrong in these sums."""
        together = {self.recurrent: None, **self.equations}  # a message points to the equation of the recurrent weights
        found = []

        def add(name: str, sentence: str, function: Callable, names: Mapping, member: str) -> None:
            formulas = {gradient: of(f"{gradient}_part", function) for gradient in names}
            found.append(Mistake(name, sentence, formulas, f"totals.{member}"))

        for name in self.equations:
            add(
                f"{name}_one_step",
                f"{name} keeps the contribution of one step only: each step overwrites the one before instead of adding"
                " to it.",
                lambda parts: parts[0],
                {name: None},
                "one_step",
            )
            add(
                f"{name}_last_step",
                f"{name} holds the contribution of the last step only.",
                lambda parts: parts[-1],
                {name: None},
                "last_step",
            )
        add(
            "weights_one_step",
            "The weight gradients keep the contribution of one step only: each step overwrites the one before.",
            lambda parts: parts[0],
            together,
            "all_one_step",
        )
        add(
            "weights_last_step",
            "The weight gradients hold the contribution of the last step only.",
            lambda parts: parts[-1],
            together,
            "all_last_step",
        )
        add(
            "weights_mean_over_time",
            "The weight gradients are averaged over the time steps, but the contributions of the steps add up.",
            lambda parts: parts.mean(axis=0),
            together,
            "mean_over_time",
        )
        add(
            f"{self.recurrent}_without_first_step",
            f"{self.recurrent} leaves out the first step, or takes the state before it to be zero; it is h0.",
            lambda parts: parts[1:].sum(axis=0),
            {self.recurrent: None},
            "first_step_left_out",
        )
        for limit in CLIPPED_AT:
            add(
                f"weights_clipped_at_{limit}",
                f"The weight gradients are clipped at {limit}; clipping belongs to the optimizer, not to the gradient.",
                lambda parts, limit=limit: np.clip(parts.sum(axis=0), -limit, limit),
                together,
                f"clipped_at_{limit}",
            )
        return tuple(found)


def carried(state: str, weights: str, *, beside: Mapping[str, str] | None = None) -> tuple[Mistake, ...]:
    """Return what goes wrong where the gradient of a state is carried from step to step.

    Parameters
    ----------
    state : str
        "h" for the hidden state. Its total gradient is then the term dh_total, what arrives from the loss dh_t, what
        comes from step t + 1 dh_next, what this step sends back dh_prev, which is carried on as dh_sent, and the
        gradient of the initial state dh0.
    weights : str
        The matrix that a gradient passes on its way to the state before.
    beside : mapping of str to str, optional
        What else the walk back starts from: the term, and the value that it is, such as the gradient that arrives at
        the last cell state of an LSTM.
    """
    beside = beside or {}
    total, here, after, sent, before = (f"d{state}_{name}" for name in ("total", "t", "next", "sent", "prev"))
    first, member = f"d{state}0", "carried."
    found = [
        Mistake(
            f"{after}_not_added",
            f"{after} from step t + 1 is not added to the upstream gradient of step t.",
            {total: of(here, lambda dh_t: dh_t)},
            f"{member}dropped",
        ),
        Mistake(
            "upstream_of_last_step_only",
            "Only the upstream gradient of the last step is used, but a loss can sit at every step.",
            {total: of(f"{here} {after} t T", lambda dh_t, after, t, T: after + (dh_t if t == T - 1 else 0))},
            f"{member}last_upstream_only",
        ),
        Mistake(
            f"{after}_summed_up",
            f"{after} is added to the one before it; what step t + 1 sends back replaces that, since all that comes"
            " from later steps is in it already.",
            {before: of(f"{after} dz {weights}", lambda after, dz, W: after + dz @ W.T)},
            f"{member}summed_up",
        ),
        Mistake(
            "forward_in_time",
            "The loop runs forward in time; gradients come from the future, so it has to start at the last step.",
            {"order": lambda T: range(T)},
            f"{member}forward_in_time",
        ),
        Mistake(
            "first_step_left_out",
            "The loop over time ends one step early: the first step, t = 0, is left out.",
            {"order": lambda T: range(T - 1, 0, -1)},
            f"{member}first_step_left_out",
        ),
        Mistake(
            f"{first}_zero",
            f"{first} is zero, but {state}0 feeds the first step and through it every other.",
            {first: of(sent, np.zeros_like)},
            f"{member}start_zero",
        ),
        Mistake(
            f"{first}_before_{weights}",
            f"{first} is the gradient of the first hidden state; it still has to go through that step to reach"
            f" {state}0.",
            {first: of(total, lambda total: total[0])},
            f"{member}start_before_step",
        ),
        Mistake(
            f"{first}_upstream",
            f"{first} is the upstream gradient of the first hidden state; {state}0 comes before that state, and what"
            " reaches it has gone through the first step.",
            {first: of(here, lambda dh_t: dh_t[0])},
            f"{member}start_upstream",
        ),
        Mistake(
            f"{after}_subtracted",
            f"{after} is subtracted from the upstream gradient of the step; the two are added.",
            {total: of(f"{here} {after}", lambda dh_t, after: dh_t - after)},
            f"{member}subtracted",
        ),
        Mistake(
            "all_divided_by_N",
            "Every gradient is divided by the batch size, but a gradient of the summed loss is a sum.",
            {total: of(f"{here} {after}", lambda dh_t, after: dh_t / len(dh_t) + after)}
            | {term: of(value, lambda arrives: arrives / len(arrives)) for term, value in beside.items()},
            f"{member}mean",
        ),
        Mistake(
            "all_opposite_sign",
            "Every gradient has the opposite sign.",
            {total: of(f"{here} {after}", lambda dh_t, after: after - dh_t)}
            | {term: of(value, np.negative) for term, value in beside.items()},
            f"{member}sign",
        ),
        *clipped(total, f"{here} {after}", lambda dh_t, after: dh_t + after),
        Mistake(
            "return_in_loop",
            "Only one step is walked. Does `return` stand inside the loop over time, so that the function ends in its"
            " first round?",
            {"order": lambda T: range(T - 1, T - 2, -1)},
            f"{member}return_in_loop",
        ),
    ]
    return tuple(found)


def carried_by_gate(state: str, gate: str, last: str, *, words: str = "state") -> tuple[Mistake, ...]:
    """Return what goes wrong where the gradient of a state passes a gate, entry by entry, from step to step.

    Parameters
    ----------
    state : str
        "c" for the cell state. The terms are called as in `carried`; dc_t is what reaches c_t through its own step.
    gate : str
        The gate that multiplies the gradient on its way to the step before.
    last : str
        The gradient that arrives at the last state from outside, such as dc_T.
    words : str
        What the state is called.
    """
    total, here, after, sent, before = (f"d{state}_{name}" for name in ("total", "t", "next", "sent", "prev"))
    first, member = f"d{state}0", "gated."
    return (
        Mistake(
            f"{after}_not_added",
            f"{after}, which step t + 1 sends to {state}_t, is not added to what reaches {state}_t through h_t.",
            {total: of(here, lambda here: here)},
            f"{member}dropped",
        ),
        Mistake(
            f"{after}_subtracted",
            f"{after} is subtracted from what reaches {state}_t through h_t; the two are added.",
            {total: of(f"{here} {after}", lambda here, after: here - after)},
            f"{member}subtracted",
        ),
        Mistake(
            f"{after}_alone",
            f"Only {after} reaches {state}_t; what comes through h_t is missing.",
            {total: of(after, lambda after: after)},
            f"{member}alone",
        ),
        Mistake(
            f"{after}_times_{gate}",
            f"{after} is multiplied with the gate {gate} of this step, which stands before {state}_t, not behind it;"
            f" it has passed the gate of step t + 1 already.",
            {total: of(f"{here} {after} {gate}", lambda here, after, gate: here + after * gate)},
            f"{member}gate_too_early",
        ),
        Mistake(
            f"{before}_without_{gate}",
            f"{before} does not pass the gate {gate}, through which {state}_t depends on the state before.",
            {before: of(total, lambda total: total)},
            f"{member}gate_missing",
        ),
        Mistake(
            f"{before}_from_{after}",
            f"{before} is made from {after} alone; what reaches {state}_t through h_t goes back, too.",
            {before: of(f"{after} {gate}", lambda after, gate: after * gate)},
            f"{member}sent_from_next",
        ),
        Mistake(
            f"{after}_summed_up",
            f"{after} is added to {before}; it replaces {after}, since all that comes from later steps is in it"
            " already.",
            {before: of(f"{after} {total} {gate}", lambda after, total, gate: after + total * gate)},
            f"{member}summed_up",
        ),
        Mistake(
            f"{last}_ignored",
            f"{last} is ignored: the walk back starts from zeros, but a loss can sit at the last {words}, too.",
            {sent: of(last, np.zeros_like)},
            f"{member}last_ignored",
        ),
        Mistake(
            f"{last}_at_every_step",
            f"Every step gets {last} for {after}: what a step sends back to the {words} before is not carried on.",
            {after: of(last, lambda last: last)},
            f"{member}last_everywhere",
        ),
        Mistake(
            f"{after}_not_carried",
            f"What a step sends back to the {words} before is dropped: only the last step gets a {after}.",
            {after: of(f"{last} t T", lambda last, t, T: last * (t == T - 1))},
            f"{member}not_carried",
        ),
        Mistake(
            f"{first}_zero",
            f"{first} is zero, but {state}0 feeds the first step and through it every other.",
            {first: of(sent, np.zeros_like)},
            f"{member}start_zero",
        ),
        Mistake(
            f"{first}_before_{gate}",
            f"{first} is the gradient of the first {words}; it still has to pass the gate {gate} of that step to reach"
            f" {state}0.",
            {first: of(total, lambda total: total[0])},
            f"{member}start_before_gate",
        ),
    )


def touching(bank: tuple[Mistake, ...], *names: str) -> tuple[Mistake, ...]:
    """Return the mistakes that replace one of these terms."""
    return tuple(known for known in bank if known.terms.keys() & set(names))


def kept_steps(sources: Mapping[str, str], state: str = "h") -> tuple[Mistake, ...]:
    """Return what goes wrong where a forward pass keeps a list of its steps' caches.

    Parameters
    ----------
    sources : mapping of str to str
        What a step keeps beside the weights, ``h_prev`` and ``h_t`` among it, and the term that it is. The results of
        the walk are called ``cache_h_prev`` and so on.
    state : str
        "c" where ``c_prev`` and ``c_t`` are among it instead.
    """
    before, after = f"{state}_prev", f"{state}_t"

    def everywhere(*names: str) -> dict[str, Formula]:
        last = "cache_{}".format
        return {last(name): of(sources[name], lambda values: np.repeat(values[-1:], len(values), 0)) for name in names}

    return (
        Mistake(
            "cache_reversed",
            "The entries of the cache stand in reversed order; cache[t] belongs to step t.",
            {f"cache_{name}": of(source, lambda values: values[::-1]) for name, source in sources.items()},
            "cache.reversed",
        ),
        Mistake(
            "cache_last_step_everywhere",
            "Every entry of the cache is that of the last step. Is the same object stored each time? It goes on"
            " changing.",
            everywhere(*sources),
            "cache.last_step",
        ),
        Mistake(
            "cache_last_state_everywhere",
            "Every entry of the cache holds the last state. Is the same array stored each time? It goes on changing.",
            everywhere(after),
            "cache.last_state",
        ),
        Mistake(
            f"cache_{after}_for_{before}",
            "The cache holds the state after the step where the one before it belongs.",
            {f"cache_{before}": of(after, lambda value: value)},
            "cache.state_after",
        ),
    )
