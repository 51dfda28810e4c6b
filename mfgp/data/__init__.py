"""Frames in, tensors out: pandas ends here."""

from mfgp.data.inputs import Inputs
from mfgp.data.long import from_long
from mfgp.data.observations import Observations
from mfgp.data.tasks import Tasks

__all__ = ["Inputs", "Observations", "Tasks", "from_long"]
