from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from mfgp.errors import DataError
from mfgp.plotting import level_map


def embeddings() -> pd.DataFrame:
    levels = [(q, "metal", level) for q in ("low", "high") for level in ("tin", "lead", "$x$")]
    levels += [(q, "side", level) for q in ("low", "high") for level in ("left", "right")]
    z = np.random.default_rng(0).standard_normal((len(levels), 2))
    frame = pd.DataFrame(z, pd.MultiIndex.from_tuples(levels, names=["process", "input", "level"]), ["z0", "z1"])
    frame.loc[(slice(None), "side"), "z1"] = np.nan
    return frame


def test_a_panel_for_each_input_and_process_shows_each_level_at_its_place() -> None:
    frame = embeddings()
    figure = level_map(frame)
    assert [axis.get_title() for axis in figure.axes] == ["low", "high", "", ""]
    assert [axis.get_ylabel() for axis in figure.axes] == ["metal", "", "side", ""]
    keys = [("low", "metal"), ("high", "metal"), ("low", "side"), ("high", "side")]
    for axis, key in zip(figure.axes, keys, strict=True):
        shown = np.asarray(axis.collections[0].get_offsets())
        np.testing.assert_allclose(shown, frame.loc[key].fillna(0.0))
        assert [text.get_text() for text in axis.texts] == frame.loc[key].index.tolist()
        assert axis.get_aspect() == 1.0
    figure.savefig(io.BytesIO())


def test_without_levels_there_is_nothing_to_show() -> None:
    with pytest.raises(DataError, match="there is no level to show: the model has no categorical input"):
        level_map(embeddings().iloc[:0])
