from __future__ import annotations

from typing import Any

import pytest

from tests.diagnostics.fits import ESTIMATORS, fit


@pytest.fixture(params=ESTIMATORS)
def model(request: pytest.FixtureRequest) -> Any:
    return fit(request.param)
