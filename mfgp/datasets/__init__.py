"""Real tables with source and licence; synthetic problems with known truth."""

from mfgp.datasets.band_gaps import BandGaps, load_band_gaps
from mfgp.datasets.functions import borehole, currin, forrester, park, shifted_sinusoid, sinusoid
from mfgp.datasets.synthetic import Synthetic

__all__ = [
    "BandGaps",
    "Synthetic",
    "borehole",
    "currin",
    "forrester",
    "load_band_gaps",
    "park",
    "shifted_sinusoid",
    "sinusoid",
]
