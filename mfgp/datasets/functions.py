"""Published multi-fidelity test functions: two sinusoids and Forrester (1 input), Currin (2), Park (4), Borehole (8).

Each is a :class:`~mfgp.datasets.Synthetic` with the tasks "low" and "high". Currin's, Park's and the borehole have the
low fidelity of Xiong, Qian and Wu, "Sequential design and analysis of high-accuracy and low-accuracy computer codes",
Technometrics 55, 37 (2013), and formulas as in Surjanovic and Bingham's Virtual Library of Simulation Experiments,
https://www.sfu.ca/~ssurjano. The high fidelity of the sinusoids is no linear function of the low one.

Examples
--------
>>> import pandas as pd
>>> forrester.truth(pd.DataFrame({"x": [0.0, 0.5, 1.0]})).round(4)
       low     high
0  -8.4864   3.0272
1  -4.5454   0.9093
2   7.9149  15.8297
>>> currin.truth(pd.DataFrame({"x1": [0.25], "x2": [0.5]})).round(4)
      low    high
0  8.6003  8.6654
>>> park.truth(pd.DataFrame({"x1": [0.2], "x2": [0.4], "x3": [0.6], "x4": [0.8]})).round(4)
      low    high
0  13.606  12.733
>>> sinusoid.truth(pd.DataFrame({"x": [0.0625]})).round(4)
   low    high
0  1.0 -1.3517
>>> shifted_sinusoid.truth(pd.DataFrame({"x": [0.0625]})).round(4)
   low    high
0  1.0  0.9084
>>> borehole.inputs
['rw', 'r', 'Tu', 'Hu', 'Tl', 'Hl', 'L', 'Kw']
"""

from __future__ import annotations

import numpy as np

from mfgp.datasets.synthetic import Array, Synthetic

_XIONG = "Xiong, Qian and Wu, Technometrics 55, 37 (2013)"


def _forrester_high(x: Array) -> Array:
    return (6 * x[:, 0] - 2) ** 2 * np.sin(12 * x[:, 0] - 4)


def _forrester_low(x: Array) -> Array:
    return 0.5 * _forrester_high(x) + 10 * (x[:, 0] - 0.5) - 5


def _currin_high(x: Array) -> Array:
    x1, x2 = x.T
    with np.errstate(divide="ignore"):
        decay = 1 - np.exp(-1 / (2 * x2))
    return decay * (2300 * x1**3 + 1900 * x1**2 + 2092 * x1 + 60) / (100 * x1**3 + 500 * x1**2 + 4 * x1 + 20)


def _currin_low(x: Array) -> Array:
    x1, x2 = x.T
    corners = [(a, b) for a in (x1 - 0.05, x1 + 0.05) for b in (np.maximum(0, x2 - 0.05), x2 + 0.05)]
    return np.mean([_currin_high(np.column_stack(corner)) for corner in corners], axis=0)


def _park_high(x: Array) -> Array:
    x1, x2, x3, x4 = x.T
    return 0.5 * (np.sqrt(x1**2 + (x2 + x3**2) * x4) - x1) + (x1 + 3 * x4) * np.exp(1 + np.sin(x3))


def _park_low(x: Array) -> Array:
    x1, x2, x3, _ = x.T
    return (1 + np.sin(x1) / 10) * _park_high(x) - 2 * x1 + x2**2 + x3**2 + 0.5


def _borehole(x: Array, factor: float, offset: float) -> Array:
    rw, r, Tu, Hu, Tl, Hl, L, Kw = x.T
    log_ratio = np.log(r / rw)
    return factor * Tu * (Hu - Hl) / (log_ratio * (offset + Tu / Tl) + 2 * L * Tu / (rw**2 * Kw))


def _borehole_high(x: Array) -> Array:
    return _borehole(x, 2 * np.pi, 1.0)


def _borehole_low(x: Array) -> Array:
    return _borehole(x, 5.0, 1.5)


def _sine(x: Array) -> Array:
    return np.sin(8 * np.pi * x[:, 0])


def _squared_sine(x: Array) -> Array:
    return (x[:, 0] - np.sqrt(2)) * _sine(x) ** 2


def _shifted_sine(x: Array) -> Array:
    return x[:, 0] ** 2 + np.sin(8 * np.pi * x[:, 0] + np.pi / 10) ** 2


#: One input in [0, 1]; minimum f(0.757249) = -6.020740. Low fidelity 0.5 f(x) + 10 (x - 0.5) - 5.
forrester = Synthetic(
    "Forrester",
    {"x": (0.0, 1.0)},
    {"low": _forrester_low, "high": _forrester_high},
    "Forrester, Sobester and Keane, Proc. R. Soc. A 463, 3251 (2007)",
)

#: Two inputs in [0, 1]. Low fidelity: mean of f at four points 0.05 away, x2 kept at 0 or above.
currin = Synthetic(
    "Currin",
    {"x1": (0.0, 1.0), "x2": (0.0, 1.0)},
    {"low": _currin_low, "high": _currin_high},
    f"Currin, Mitchell, Morris and Ylvisaker, J. Am. Stat. Assoc. 86, 953 (1991); low fidelity: {_XIONG}",
)

#: Park's first function ("Park91a"): four inputs in [0, 1].
#: Low fidelity (1 + sin(x1) / 10) f(x) - 2 x1 + x2^2 + x3^2 + 0.5.
park = Synthetic(
    "Park",
    dict.fromkeys(("x1", "x2", "x3", "x4"), (0.0, 1.0)),
    {"low": _park_low, "high": _park_high},
    "Park, PhD thesis, University of Illinois (1991), function 1, in Cox, Park and Singer, Comput. Stat. Data Anal. "
    f"37, 77 (2001); low fidelity: {_XIONG}",
)

#: Water through a borehole (m^3/year) from its radius rw and the radius of influence r (m), the transmissivities Tu, Tl
#: (m^2/year) and heads Hu, Hl (m) of the upper and lower aquifers, its length L (m) and conductivity Kw (m/year).
borehole = Synthetic(
    "Borehole",
    {
        "rw": (0.05, 0.15),
        "r": (100.0, 50_000.0),
        "Tu": (63_070.0, 115_600.0),
        "Hu": (990.0, 1_110.0),
        "Tl": (63.1, 116.0),
        "Hl": (700.0, 820.0),
        "L": (1_120.0, 1_680.0),
        "Kw": (9_855.0, 12_045.0),
    },
    {"low": _borehole_low, "high": _borehole_high},
    f"Morris, Mitchell and Ylvisaker, Technometrics 35, 243 (1993); low fidelity: {_XIONG}",
)

#: One input in [0, 1]: low sin(8 pi x), high (x - sqrt 2) low(x)^2, hardly correlated with it.
sinusoid = Synthetic(
    "Sinusoid",
    {"x": (0.0, 1.0)},
    {"low": _sine, "high": _squared_sine},
    "Perdikaris, Raissi, Damianou, Lawrence and Karniadakis, Proc. R. Soc. A 473, 20160751 (2017)",
)

#: One input in [0, 1]: low sin(8 pi x), high x^2 + sin(8 pi x + pi/10)^2, which is no function of x and low(x) that is
#: smooth in x: where the sine falls it has another value than where it rises.
shifted_sinusoid = Synthetic(
    "Phase-shifted sinusoid",
    {"x": (0.0, 1.0)},
    {"low": _sine, "high": _shifted_sine},
    "Lee, Dietrich, Karniadakis and Kevrekidis, Interface Focus 9, 20180083 (2019)",
)
