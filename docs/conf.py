"""Settings of the site: ``sphinx-build -W docs docs/_build``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

import mfgp

project = "mfgp"
author = "mfgp developers"
copyright = author
release = version = mfgp.__version__

extensions = [
    "docstrings",
    "errors",
    "mathml",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

autosummary_ignore_module_all = False
autodoc_default_options = {
    "no-value": True,
    "exclude-members": "set_fit_request, set_predict_request, set_predict_proba_request, set_score_request",
}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_preprocess_types = True

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "mfgp"
html_theme_options = {"navigation_with_keys": True}
