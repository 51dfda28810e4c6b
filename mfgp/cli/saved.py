"""Models that were saved, as the command line opens them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mfgp.errors import DataError

if TYPE_CHECKING:
    from mfgp.architectures.regressor import Regressor


def open_model(path: Path) -> Regressor:
    """The model of a file.

    Raises
    ------
    FileError
        The file is none of a model, or is damaged.
    DataError
        The file cannot be read.
    """
    import mfgp

    try:
        model: Regressor = mfgp.load(path)
    except OSError as error:
        where = f"; the folder's model is {path / 'model.mfgp'}" if (path / "model.mfgp").is_file() else ""
        raise DataError(
            f"{path} cannot be read ({error.strerror}){where}; give the file of a model, as mfgp fit writes it"
        ) from error
    return model
