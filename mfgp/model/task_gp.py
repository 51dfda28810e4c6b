"""TaskGP: the BoTorch model that joins a kernel over (input, task), a likelihood and our inference."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.gpytorch import MultiTaskGPyTorchModel
from botorch.models.model import FantasizeMixin
from botorch.models.transforms.input import InputTransform
from botorch.models.transforms.outcome import OutcomeTransform
from botorch.posteriors import GPyTorchPosterior, TransformedPosterior
from botorch.utils.datasets import MultiTaskDataset, SupervisedDataset
from botorch.utils.types import DEFAULT, _DefaultType
from gpytorch import settings
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from gpytorch.means import ZeroMean
from gpytorch.mlls import MarginalLogLikelihood
from gpytorch.models import ExactGP
from linear_operator import to_linear_operator
from torch import Tensor

from mfgp.data.observations import Observations
from mfgp.data.scaling import TaskStandardize, standardize_inputs, standardized_inputs
from mfgp.errors import ParameterError
from mfgp.inference import Fantasies, FitReport, TaskNoise, fit, refit
from mfgp.inference.posterior import Joint
from mfgp.kernels import TaskKernel
from mfgp.model.checks import (
    check_codes,
    check_task_column,
    check_training_data,
    every_task,
    read_task_values,
    variances,
)
from mfgp.model.construction import column_roles, default_kernel
from mfgp.model.growth import fantasised, grown
from mfgp.model.kept import KeptPosterior


class TaskGP(KeptPosterior, ExactGP, MultiTaskGPyTorchModel, FantasizeMixin):
    """An exact Gaussian process over (input, task) as a BoTorch model; the task is the last input column.

    It goes wherever BoTorch's ``MultiTaskGP`` goes, and where ``SingleTaskMultiFidelityGP`` goes if the fidelities are
    a few numbers; ``botorch.fit.fit_gpytorch_mll`` fits it by :func:`mfgp.inference.fit`.
    The tasks' unknown means are integrated out by the kernel, so ``mean_module`` is zero.

    Parameters
    ----------
    train_X
        (n, d + 1) inputs with the task as their last column: its index, 0 to T - 1, or what `all_tasks` says.
    train_Y
        (n, 1) values, in each task's own units.
    task_feature
        The task's column, which has to be the last: -1 or d.
    train_Yvar
        (n, 1) known noise variances, NaN where the noise is to be learned; None to learn it for each task.
    kernel
        A :class:`~mfgp.kernels.TaskKernel`; coregionalization of Matern-5/2 processes by default.
    output_tasks
        Tasks that ``posterior`` gives where X has no task column; all by default.
    all_tasks
        The T numbers that stand for tasks in the last column, such as fidelities 0.5, 0.75 and 1; the kernel counts
        tasks in ascending order of them. By default 0 to T - 1, T being the kernel's, or one more than the largest.
    cat_dims
        Columns of train_X that hold the codes of levels, 0 to L - 1, whose positions are learned; a code from L on is a
        level not seen before. They are left to the kernel where `kernel` is given.
    input_transform
        A BoTorch input transform, which leaves the task alone. By default there is none, and the model standardises
        each numeric input by its own mean and deviation inside, so that ``train_inputs`` stay as they were given.
    outcome_transform
        A BoTorch outcome transform; by default each task is standardised by its own mean and deviation.

    Raises
    ------
    DataError
        A shape or a type does not fit, a value is missing or infinite, a variance is negative or infinite, or a number
        that names no task stands in the task column or among the output tasks.
    ParameterError
        The task column is not the last or an input transform changes it, or `all_tasks` or `cat_dims` are not the
        kernel's.

    Examples
    --------
    >>> import torch
    >>> from botorch.fit import fit_gpytorch_mll
    >>> from gpytorch.mlls import ExactMarginalLogLikelihood
    >>> x = torch.linspace(0, 1, 9, dtype=torch.float64).unsqueeze(-1)
    >>> low, high = torch.cat([x, 0 * x], -1), torch.cat([x[::3], 0 * x[::3] + 1], -1)
    >>> model = TaskGP(torch.cat([low, high]), torch.cat([torch.sin(6 * x), 10 * torch.sin(6 * x[::3])]))
    >>> _ = fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
    >>> model.posterior(torch.tensor([[0.25]], dtype=torch.float64)).mean.shape
    torch.Size([1, 2])
    """

    _supports_batched_models = False
    _supports_cache_root = False

    def __init__(
        self,
        train_X: Tensor,
        train_Y: Tensor,
        task_feature: int = -1,
        train_Yvar: Tensor | None = None,
        kernel: TaskKernel | None = None,
        output_tasks: Sequence[float] | None = None,
        all_tasks: Sequence[float] | None = None,
        cat_dims: Sequence[int] | None = None,
        input_transform: InputTransform | _DefaultType | None = DEFAULT,
        outcome_transform: OutcomeTransform | _DefaultType | None = DEFAULT,
    ) -> None:
        check_training_data(train_X, train_Y, train_Yvar)
        inputs = train_X.shape[-1] - 1
        task_values = read_task_values(train_X, task_feature, kernel, all_tasks)
        num_tasks = len(task_values)
        if kernel is None:
            kernel = default_kernel(train_X, num_tasks, cat_dims or [])
        elif cat_dims is not None and {*cat_dims} != {*kernel.levels}:
            raise ParameterError(
                f"cat_dims={list(cat_dims)}, but the kernel reads the columns {list(kernel.levels)} as categories; "
                "leave cat_dims out, or write kernel.embed_levels(d, {column: levels}) first"
            )
        check_codes(train_X, kernel.levels)
        scaling = None
        if input_transform is DEFAULT:
            input_transform, scaling = None, standardize_inputs(train_X, categorical=kernel.levels)
        if outcome_transform is DEFAULT:
            outcome_transform = TaskStandardize(num_tasks, task_values)
        with torch.no_grad():
            transformed_X = self.transform_inputs(X=train_X, input_transform=input_transform)
        check_task_column(train_X, transformed_X)
        targets, variance = train_Y, train_Yvar
        if outcome_transform is not None:
            outcome_transform.to(train_X).train()
            targets, variance = outcome_transform(Y=train_Y, Yvar=train_Yvar, X=transformed_X)
        known = None if variance is None else variance.squeeze(-1).sqrt()
        task = task_values.index(train_X[..., -1])
        likelihood = TaskNoise(num_tasks, task, known, kernel.groups(), task_values=task_values)
        super().__init__(train_X, targets.squeeze(-1), likelihood)
        self.mean_module = ZeroMean()
        self.covar_module = kernel
        self.task_values = task_values
        self.input_scaling = scaling
        self.num_tasks = num_tasks
        self.num_non_task_features = inputs
        self._task_feature = inputs
        self._output_tasks = task_values.values.tolist() if output_tasks is None else list(output_tasks)
        self._num_outputs = len(self._output_tasks)
        self._map_tasks(torch.tensor(self._output_tasks, dtype=torch.float64))
        self.fantasies: Fantasies | None = None
        self._exact, self._parameters_then = None, []
        if input_transform is not None:
            self.input_transform = input_transform
        if outcome_transform is not None:
            self.outcome_transform = outcome_transform
        self.to(train_X)

    def forward(self, x: Tensor) -> MultivariateNormal:
        """Prior over rows (..., n, d + 1)."""
        if self.training:
            x = self.transform_inputs(x)
        x = self.encode(x)
        return MultivariateNormal(self.mean_module(x), self.covar_module(x))

    def __call__(self, *args: Tensor, **kwargs: Any) -> MultivariateNormal:
        """Prior while training; else the posterior, from a factor that is kept."""
        if self.training or settings.prior_mode.on():
            return super().__call__(*args, **kwargs)
        posterior = self.exact_posterior if self.fantasies is None else self.fantasies
        mean, covariance = posterior.at(self.encode(args[0]))
        return MultivariateNormal(mean, to_linear_operator(covariance))

    def joint(self, X: Tensor) -> Joint:
        """Mean (n, T) and covariance (n, T, T) of all tasks at each of the inputs (n, d), in the tasks' units."""
        joint = self.exact_posterior.joint(self._standardized_inputs(X))
        means, stdvs = self._units()
        return Joint(joint.mean * stdvs + means, joint.covariance * torch.outer(stdvs, stdvs))

    def mean(self, X: Tensor) -> Tensor:
        """Mean (n, T) of all tasks at the inputs (n, d), in the tasks' units; cheaper than :meth:`joint`."""
        means, stdvs = self._units()
        return self.exact_posterior.mean(self._standardized_inputs(X)) * stdvs + means

    def noise_scale(self) -> Tensor:
        """(T,) standard deviation of a new observation's noise, in the tasks' units."""
        return self.likelihood.task_variance().detach().sqrt() * self._units()[1]

    def posterior(
        self,
        X: Tensor,
        output_indices: Sequence[float] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: PosteriorTransform | None = None,
    ) -> GPyTorchPosterior | TransformedPosterior:
        """Posterior at rows (..., q, d) of every output task, or at rows (..., q, d + 1) of the task each names.

        Parameters
        ----------
        X
            Inputs, with the task as the last column or without.
        output_indices
            Tasks wanted where X has no task column; the output tasks by default.
        observation_noise
            True to add each task's noise, at least the smallest that is learned. Or variances to add, (..., q, m) or
            (..., 1, m), where m is the number of outputs, one if X names the tasks; outcome-transformed as everywhere
            in BoTorch, so by default in the tasks' standardised units.
        posterior_transform
            Applied at the end.

        Raises
        ------
        DataError
            A task is named that does not exist, or the noise is negative, NaN or of another shape.
        ParameterError
            X names the tasks, and ``output_indices`` others.
        """
        self._evaluate()
        alone = X.shape[-1] == self.num_non_task_features + 1
        if alone and output_indices is not None:
            raise ParameterError("output_indices was given, but X names the task of each row; leave one of them out")
        tasks = self._output_tasks if output_indices is None else list(output_indices)
        rows = X if alone else every_task(X, tasks)
        task = self._map_tasks(rows[..., -1])
        transformed = self.transform_inputs(rows)
        distribution = self(transformed)
        if isinstance(observation_noise, Tensor):
            shape = torch.Size([*distribution.mean.shape[:-1], X.shape[-2], 1 if alone else len(tasks)])
            variance = variances(observation_noise, shape).mT.flatten(-2)
            distribution = self.likelihood(distribution, transformed, noise=variance)
        elif observation_noise:
            variance = self.likelihood.task_variance().clamp_min(TaskNoise.BOUNDS[0] ** 2)[task]
            distribution = self.likelihood(distribution, transformed, noise=variance.expand(distribution.mean.shape))
        if not alone and len(tasks) > 1:
            mean = distribution.mean.unflatten(-1, (len(tasks), -1)).mT
            distribution = MultitaskMultivariateNormal(mean, distribution.lazy_covariance_matrix, interleaved=False)
        posterior: GPyTorchPosterior | TransformedPosterior = GPyTorchPosterior(distribution)
        if hasattr(self, "outcome_transform"):
            whole = rows if isinstance(self.outcome_transform, TaskStandardize) else X
            posterior = self.outcome_transform.untransform_posterior(posterior, X=whole)
        return posterior if posterior_transform is None else posterior_transform(posterior=posterior, X=X)

    def fit(self) -> FitReport:
        """Set the hyperparameters to the maximum of their posterior density."""
        self.train()
        with torch.no_grad():
            rows = self.transform_inputs(self.train_inputs[0])
        report = fit(self.covar_module, self.likelihood, self._observations(rows))
        self.eval()
        return report

    def refit(self) -> FitReport:
        """Climb on from the current hyperparameters, on all the data: quick where these are nearly right."""
        self.train()
        with torch.no_grad():
            rows = self.transform_inputs(self.train_inputs[0])
        report = refit(self.covar_module, self.likelihood, self._observations(rows))
        self.eval()
        return report

    def custom_fit(self, mll: MarginalLogLikelihood, **kwargs: Any) -> MarginalLogLikelihood:
        """What ``botorch.fit.fit_gpytorch_mll`` calls: our fit, whatever optimiser was asked for."""
        self.fit_report = self.fit()
        return mll.eval()

    def _evaluate(self) -> None:
        if self.training:
            self.eval()

    def get_fantasy_model(self, inputs: Tensor, targets: Tensor, **kwargs: Any) -> TaskGP:
        """A model with observations added at the same hyperparameters.

        Observations without batch dimensions make the factor grow by their rows; batches of fantasies make a batch of
        models, with the batch dimensions that GPyTorch would give it, at the hyperparameters of this one for good.
        """
        self.require_values()
        task = self._map_tasks(inputs[..., -1])
        typical = self.likelihood.task_variance().detach()[task]
        noise = kwargs.pop("noise", torch.full_like(typical, torch.nan))
        noise = torch.where(noise.isnan() & ~self.likelihood.learned[task], typical, noise)
        batched = self.train_inputs[0].dim() > 2 or inputs.dim() > 2 or targets.dim() > 1
        if not batched and not inputs.requires_grad and not targets.requires_grad:
            return grown(self, inputs, targets, noise)
        return fantasised(self, inputs, targets, noise)

    def subset_output(self, idcs: list[int]) -> TaskGP:
        """A copy that gives only some of the outputs, by their place among the output tasks."""
        model = deepcopy(self)
        model._output_tasks = [self._output_tasks[place] for place in idcs]
        model._num_outputs = len(model._output_tasks)
        return model

    @classmethod
    def construct_inputs(
        cls,
        training_data: SupervisedDataset | MultiTaskDataset,
        task_feature: int = -1,
        fidelity_features: Sequence[int] = (),
        categorical_features: Sequence[int] = (),
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Constructor arguments from a BoTorch data set.

        Parameters
        ----------
        training_data
            Rows with their task as the last column. The target of a ``MultiTaskDataset`` is the only output.
        task_feature, fidelity_features
            The task's column; a column of fidelities is one.
        categorical_features
            Columns of codes; the task's may be among them.
        kwargs
            Other arguments of the constructor.

        Raises
        ------
        ParameterError
            There are several fidelities.
        """
        roles = column_roles(training_data, task_feature, fidelity_features, categorical_features)
        return super().construct_inputs(training_data) | roles | kwargs

    def _map_tasks(self, task_values: Tensor) -> Tensor:
        return self.task_values.index(task_values)

    def encode(self, rows: Tensor) -> Tensor:
        """Rows (..., d + 1) as the kernel reads them: standardised inputs, and the index of the task."""
        return self.task_values.encode(standardized_inputs(self.input_scaling, rows))

    def _units(self) -> tuple[Tensor, Tensor]:
        transform = getattr(self, "outcome_transform", None)
        if not isinstance(transform, TaskStandardize):
            raise ParameterError(
                f"this needs each task's unit, but outcome_transform is {type(transform).__name__}; "
                "leave outcome_transform at its default, or use posterior()"
            )
        return transform.means, transform.stdvs

    def _standardized_inputs(self, X: Tensor) -> Tensor:
        self._evaluate()
        some_task = self.task_values.values[0].to(X).expand(len(X), 1)
        return self.encode(self.transform_inputs(torch.cat([X, some_task], dim=-1)))[..., :-1]

    def _observations(self, rows: Tensor) -> Observations:
        """The training data as sorted observations, for their rows after the user's transform."""
        self.require_values()
        rows = self.encode(rows)
        task = rows[..., -1].long()
        order = torch.argsort(task, stable=True)
        known = self.likelihood.known_variance.sqrt()
        index = torch.arange(len(task), device=task.device)
        return Observations(rows[:, :-1], task, self.train_targets, known, index).take(order)
