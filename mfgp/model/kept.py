"""The posterior that a TaskGP keeps for as long as its parameters and data stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from mfgp.errors import DataError, ParameterError
from mfgp.inference import ExactPosterior, Fantasies, TaskNoise
from mfgp.kernels import TaskKernel

if TYPE_CHECKING:
    from mfgp.data.observations import Observations


class KeptPosterior:
    """The part of a model that makes its posterior when it is asked for, and drops it where it may be out of date.

    It stands before GPyTorch's classes among the bases of a model, whose methods it calls.
    """

    covar_module: TaskKernel
    likelihood: TaskNoise
    train_inputs: Any
    train_targets: Tensor
    training: bool
    eval: Callable[[], Any]
    parameters: Callable[[], Iterable[Tensor]]
    fantasies: Fantasies | None
    _exact: ExactPosterior | None
    _parameters_then: list[Tensor]

    @property
    def exact_posterior(self) -> ExactPosterior:
        """The posterior in standardised units, at the current parameters.

        Raises
        ------
        DataError
            The model was loaded without the values that it learned from, and its parameters have changed since.
        """
        if self.training:
            self.eval()
        if self.train_inputs[0].dim() > 2:
            raise ParameterError(
                f"this model is a batch of {tuple(self.train_inputs[0].shape[:-2])} fantasies, which have no one "
                "posterior; write posterior(X)"
            )
        kept = self._exact
        if kept is None or not self._is_as_it_was():
            kept = self.posterior_of_data()
            self.keep(kept)
        return kept

    def posterior_of_data(self) -> ExactPosterior:
        """The posterior made anew from the data."""
        return ExactPosterior(self.covar_module, self.likelihood, self._observations(self.train_inputs[0]))

    def keep(self, posterior: ExactPosterior) -> None:
        """Keep a posterior that was made at the current parameters."""
        self._parameters_then = [parameter.detach().clone() for parameter in self.parameters()]
        self._exact = posterior  # last, so that another thread that finds it finds its parameters too

    def require_values(self) -> None:
        """Raise DataError if the values learned from are not there: they were left out of the file it came from."""
        if bool(self.train_targets.isnan().any()):
            raise DataError(
                "this model was saved with data=False, so it predicts but cannot learn on: the values that it learned "
                "from are not there; write save(path) to keep them in the file"
            )

    def _observations(self, rows: Tensor) -> Observations:
        """The training data as sorted observations."""
        raise NotImplementedError

    def _is_as_it_was(self) -> bool:
        """Whether all parameters are those that the posterior was made with."""
        return all(torch.equal(p, then) for p, then in zip(self.parameters(), self._parameters_then, strict=True))

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; the posterior is dropped where parameters may change."""
        if mode:
            self._exact = None
        return super().train(mode)  # type: ignore[misc]

    def set_train_data(self, *args: Any, **kwargs: Any) -> None:
        """As in GPyTorch; the posterior is dropped, and so are fantasies."""
        self._exact = self.fantasies = None
        super().set_train_data(*args, **kwargs)  # type: ignore[misc]

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """As in torch; the posterior is dropped."""
        self._exact = None
        return super().load_state_dict(*args, **kwargs)  # type: ignore[misc]

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """What torch moves and converts a model by; the posterior is dropped."""
        self._exact = None
        return super()._apply(fn)  # type: ignore[misc]
