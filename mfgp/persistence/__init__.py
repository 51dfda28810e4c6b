"""Models as files: one file each, of tensors and JSON, from which nothing is ever executed."""

from mfgp.persistence.file import read_file, write_file
from mfgp.persistence.models import read_models, write_models
from mfgp.persistence.reader import Reader
from mfgp.persistence.writer import Writer

__all__ = ["Reader", "Writer", "read_file", "read_models", "write_file", "write_models"]
