"""TaskGP as the BoTorch model class of Ax's modular generator."""

from __future__ import annotations

import logging
import math

import pandas as pd
import pytest

pytest.importorskip("ax", reason="Ax is not installed: pip install 'mfgp[ax]'")

from ax.adapter.registry import Generators, MBM_X_trans
from ax.adapter.torch import TorchAdapter
from ax.adapter.transforms.standardize_y import StandardizeY
from ax.adapter.transforms.stratified_standardize_y import StratifiedStandardizeY
from ax.adapter.transforms.task_encode import TaskChoiceToIntTaskChoice
from ax.core import (
    Arm,
    ChoiceParameter,
    Data,
    Experiment,
    Objective,
    OptimizationConfig,
    ParameterType,
    RangeParameter,
    SearchSpace,
)
from ax.core.observation import ObservationFeatures
from ax.generators.torch.botorch_modular.surrogate import SurrogateSpec
from ax.generators.torch.botorch_modular.utils import ModelConfig
from botorch.acquisition.max_value_entropy_search import qMultiFidelityMaxValueEntropy

from mfgp import TaskGP
from mfgp.errors import ParameterError

logging.getLogger("ax").setLevel(logging.ERROR)

BEST_VALUE = 6.020740
FEW = {"optimizer_kwargs": {"num_restarts": 2, "raw_samples": 16}}
TASK = ChoiceParameter(
    "source",
    ParameterType.STRING,
    ["low", "high"],
    is_task=True,
    is_ordered=True,
    sort_values=False,
    target_value="high",
)
FIDELITY = ChoiceParameter(
    "source", ParameterType.FLOAT, [0.5, 1.0], is_fidelity=True, is_ordered=True, sort_values=True, target_value=1.0
)


def forrester(x: float, source: str | float) -> float:
    high = -((6 * x - 2) ** 2 * math.sin(12 * x - 4))
    return high if source in ("high", 1.0) else high - 2 * (x - 0.5)


def measure(experiment: Experiment, parameters: dict[str, object]) -> float:
    value = forrester(**parameters)
    trial = experiment.new_trial().add_arm(Arm(parameters=parameters)).mark_running(no_runner_required=True)
    row = {"trial_index": trial.index, "arm_name": trial.arm.name, "metric_name": "y", "metric_signature": "y"}
    experiment.attach_data(Data(df=pd.DataFrame([row | {"mean": value, "sem": 0.0}])))
    trial.mark_completed()
    return value


def experiment(source: ChoiceParameter) -> Experiment:
    """Ten low values and four high ones."""
    space = SearchSpace([RangeParameter("x", ParameterType.FLOAT, 0.0, 1.0), source])
    aim = OptimizationConfig(Objective(expression="y", metric_name_to_signature={"y": "y"}))
    started = Experiment(space, name="forrester", optimization_config=aim)
    for level, count in zip(source.values, (10, 4), strict=True):
        for place in range(count):
            measure(started, {"x": place / (count - 1), "source": level})
    return started


def adapter(of: Experiment, transforms: list[type], options: dict[str, object], **more: object) -> TorchAdapter:
    config = ModelConfig(botorch_model_class=TaskGP, model_options=options, input_transform_classes=None)
    return Generators.BOTORCH_MODULAR(
        experiment=of,
        data=of.lookup_data(),
        transforms=transforms,
        surrogate_spec=SurrogateSpec(model_configs=[config]),
        **more,
    )


def test_a_loop_over_tasks() -> None:
    of = experiment(TASK)
    target = ObservationFeatures({"source": "high"})
    found = []
    for _ in range(2):
        ours = adapter(of, [*MBM_X_trans, TaskChoiceToIntTaskChoice, StratifiedStandardizeY], {})
        (arm,) = ours.gen(1, fixed_features=target, model_gen_options=FEW).arms
        assert arm.parameters["source"] == "high"
        found.append(measure(of, arm.parameters))
    model = ours.generator.surrogate.model
    assert isinstance(model, TaskGP)
    assert model.num_outputs == 1
    assert max(found) > 0.98 * BEST_VALUE


def test_a_loop_over_fidelities() -> None:
    of = experiment(FIDELITY)
    ours = adapter(
        of,
        [*MBM_X_trans, StandardizeY],
        {"all_tasks": [0.5, 1.0], "output_tasks": [1.0]},
        botorch_acqf_class=qMultiFidelityMaxValueEntropy,
        acquisition_options={"fidelity_weights": {1: 1.8}, "cost_intercept": -0.8},
    )
    (arm,) = ours.gen(1, model_gen_options=FEW).arms
    assert arm.parameters["source"] in (0.5, 1.0)
    before, _ = ours.predict([ObservationFeatures({"x": 0.75, "source": 1.0})])
    assert before["y"][0] == pytest.approx(forrester(0.75, 1.0), abs=0.5)


def test_the_task_is_said_by_its_column() -> None:
    """The low source of an experiment is predicted as the low task, not as the target."""
    of = experiment(TASK)
    ours = adapter(of, [*MBM_X_trans, TaskChoiceToIntTaskChoice, StratifiedStandardizeY], {})
    rows = [ObservationFeatures({"x": 1.0, "source": source}) for source in ("low", "high")]
    found, _ = ours.predict(rows)
    assert found["y"] == pytest.approx([forrester(1.0, "low"), forrester(1.0, "high")], abs=0.1)


def test_several_fidelities_are_refused() -> None:
    from botorch.utils.datasets import SupervisedDataset
    from torch import zeros

    data = SupervisedDataset(zeros(2, 3), zeros(2, 1), feature_names=["x", "s", "t"], outcome_names=["y"])
    message = r"fidelity_features=\[1, 2\], expected one column: each task has one number; number the combinations"
    with pytest.raises(ParameterError, match=message):
        TaskGP.construct_inputs(data, fidelity_features=[1, 2])
