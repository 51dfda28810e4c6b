"""Real tables with source and licence; synthetic problems with known truth."""

from mfgp.datasets.functions import borehole, currin, forrester, park
from mfgp.datasets.synthetic import Synthetic

__all__ = ["Synthetic", "borehole", "currin", "forrester", "park"]
