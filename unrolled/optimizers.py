"""SGD, RMSProp and Adam over dicts of parameters and gradients.

Each keeps its running averages by parameter name and changes the parameter arrays in place.
"""

import numpy as np

from unrolled.argument_checks import common_float_dtype, require_shape


class _Optimizer:
    """What the optimizers share: the learning rate, the check of the two dicts, the state of each parameter."""

    def __init__(self, learning_rate):
        _require_number("learning_rate", learning_rate, low=0)
        self.learning_rate = learning_rate
        self._state = {}

    def step(self, params, grads):
        """Change every array of `params` in place by one step against its gradient.

        Parameters
        ----------
        params, grads : dict of str to ndarray
            The same names in both, with the same shapes and dtypes. `grads` is not changed.

        Raises
        ------
        ValueError
            If the names, a shape or a dtype differ; then no parameter has been changed.
        """
        function = f"{type(self).__name__}.step"
        if params.keys() != grads.keys():
            only = sorted(params.keys() ^ grads.keys())
            raise ValueError(
                f"{function}: grads has the names {sorted(grads)}, expected those of params, {sorted(params)}; "
                f"add or remove {', '.join(only)}."
            )
        for name, value in params.items():
            label = f"grads[{name!r}]"
            common_float_dtype(function, **{f"params[{name!r}]": value, label: grads[name]})
            require_shape(function, label, grads[name], f"that of params[{name!r}]", value.shape)
        for name, value in params.items():
            self._update(value, grads[name], self._state.setdefault(name, {}))

    def _update(self, value, gradient, state):
        raise NotImplementedError


class SGD(_Optimizer):
    """Stochastic gradient descent, with momentum if asked for.

    v ← momentum · v + gradient, parameter ← parameter - learning_rate · v; v starts at 0 [1]_.

    Parameters
    ----------
    learning_rate : float
        Step size, above 0.
    momentum : float
        Share of the last step's direction that is kept, from 0 up to but without 1.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    .. [1] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and momentum in
       deep learning", ICML 2013.
    """

    def __init__(self, learning_rate, momentum=0.0):
        super().__init__(learning_rate)
        _require_share("momentum", momentum)
        self.momentum = momentum

    def _update(self, value, gradient, state):
        if self.momentum:
            velocity = state.setdefault("velocity", np.zeros_like(value))
            velocity *= self.momentum
            velocity += gradient
            gradient = velocity
        value -= self.learning_rate * gradient


class RMSProp(_Optimizer):
    """Divide each step by a running root mean square of the gradient, entry by entry.

    s ← decay · s + (1 - decay) · gradient², parameter ← parameter - learning_rate · gradient / (√s + epsilon) [1]_.

    Parameters
    ----------
    learning_rate : float
        Step size, above 0.
    decay : float
        Share of the running mean that is kept, from 0 up to but without 1.
    epsilon : float
        Keeps the division finite, above 0.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    .. [1] T. Tieleman and G. Hinton, "Lecture 6.5: RMSProp", Coursera, Neural Networks for Machine Learning, 2012.
    """

    def __init__(self, learning_rate=0.001, decay=0.99, epsilon=1e-8):
        super().__init__(learning_rate)
        _require_share("decay", decay)
        _require_number("epsilon", epsilon, low=0)
        self.decay, self.epsilon = decay, epsilon

    def _update(self, value, gradient, state):
        mean_square = state.setdefault("mean_square", np.zeros_like(value))
        mean_square *= self.decay
        mean_square += (1 - self.decay) * gradient * gradient
        value -= self.learning_rate * gradient / (np.sqrt(mean_square) + self.epsilon)


class Adam(_Optimizer):
    """Running means of the gradient and of its square, both corrected for their start at 0.

    m ← β₁ m + (1 - β₁) gradient, s ← β₂ s + (1 - β₂) gradient², and after k steps
    parameter ← parameter - learning_rate · (m / (1 - β₁ᵏ)) / (√(s / (1 - β₂ᵏ)) + epsilon) [1]_.

    Parameters
    ----------
    learning_rate : float
        Step size, above 0.
    beta1, beta2 : float
        Shares of the two running means that are kept, from 0 up to but without 1.
    epsilon : float
        Keeps the division finite, above 0.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__(learning_rate)
        _require_share("beta1", beta1)
        _require_share("beta2", beta2)
        _require_number("epsilon", epsilon, low=0)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def _update(self, value, gradient, state):
        if not state:
            state.update(mean=np.zeros_like(value), mean_square=np.zeros_like(value), steps=0)
        state["steps"] += 1
        mean, mean_square, steps = state["mean"], state["mean_square"], state["steps"]
        mean *= self.beta1
        mean += (1 - self.beta1) * gradient
        mean_square *= self.beta2
        mean_square += (1 - self.beta2) * gradient * gradient
        root = np.sqrt(mean_square / (1 - self.beta2**steps)) + self.epsilon
        value -= self.learning_rate / (1 - self.beta1**steps) * mean / root


def _require_number(name, value, low):
    if not low < value < np.inf:
        raise ValueError(f"{name} is {value}, expected a finite number above {low}; pass another {name}.")


def _require_share(name, value):
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}, expected 0 ≤ {name} < 1; pass a number in this range.")
