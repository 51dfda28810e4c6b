"""The file: safetensors, with a JSON document among its metadata and a checksum over all of it."""

from __future__ import annotations

import json
import os
import struct
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mfgp.errors import DataError, FileError

KEY = "mfgp"  # of the document, the only entry of the metadata: several would come in any order
SCHEMA = 1
LENGTH = struct.Struct("<Q")  # what a file of safetensors begins with: the length of its header


def write_file(path: str | os.PathLike[str], document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write a document and tensors, all at once: until it is whole, the file is what it was before.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    document
        What JSON can hold.
    tensors
        By name; each is contiguous, on the CPU, and has its memory for itself.

    Raises
    ------
    DataError
        There is no such folder.
    OSError
        The file cannot be written.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise DataError(
            f"{os.fspath(path)!r} is in the folder {str(target.parent)!r}, which is not there; make it first"
        )
    signed = {**document, "schema": SCHEMA}
    text = _canonical({**signed, "sha256": _digest(signed, tensors)})
    content = save(dict(tensors), {KEY: text})
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def read_file(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The document and the tensors of a file.

    Raises
    ------
    FileError
        The file is none that :func:`write_file` wrote, is damaged or cut short, or is of a newer schema.
    OSError
        There is no such file, or it cannot be read.
    """
    return decode(f"{os.fspath(path)!r}", Path(path).read_bytes())


def decode(name: str, content: bytes) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The document and the tensors of what a file holds, which a complaint calls by `name`."""
    document = _document(name, content)
    if document.get("schema") != SCHEMA:
        _complain_of_schema(name, document)
    try:
        tensors = load(content)
        claimed = document.pop("sha256", None)
        intact = claimed == _digest(document, tensors)
    except (SafetensorError, RuntimeError, ValueError, KeyError) as error:
        raise damaged(name) from error
    if not intact:
        raise damaged(name)
    # copies of their own have the alignment that torch gives, on which the last bit of a product may depend
    return document, {key: tensor.clone() for key, tensor in tensors.items()}


def damaged(name: str) -> FileError:
    """The complaint about a file whose content is not what was written."""
    return FileError(
        f"{name} is damaged: its content is not what was saved, expected a file as model.save(path) writes it; take "
        "another copy of it, or fit and save the model again"
    )


def _document(name: str, content: bytes) -> dict[str, Any]:
    """The document, of a file that is as long as its header says."""
    foreign = FileError(
        f"{name} is no model of mfgp's, expected a file that model.save(path) or mfgp fit wrote; for a model that was "
        "pickled, write joblib.load(path) or pickle.load(file)"
    )
    start = LENGTH.size
    if len(content) <= start or content[start : start + 1] != b"{":
        raise FileError(f"{name} is empty: fit and save the model again") if not content else foreign
    length = LENGTH.unpack(content[:start])[0]
    if start + length > len(content):
        raise _cut_short(name, len(content), start + length) if f'"{KEY}"'.encode() in content else foreign
    try:
        header = json.loads(content[start : start + length])
        ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
        text = header.get("__metadata__", {}).get(KEY)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise damaged(name) from error
    if text is None:
        raise foreign
    try:
        whole = start + length + max(ends, default=0)
        document = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(name) from error
    if len(content) < whole:
        raise _cut_short(name, len(content), whole)
    if not isinstance(document, dict):
        raise damaged(name)
    return document


def _complain_of_schema(name: str, document: Mapping[str, Any]) -> None:
    schema, versions = document.get("schema"), document.get("versions")
    if not isinstance(schema, int) or schema < SCHEMA:
        raise damaged(name)
    writer = versions.get("mfgp", "of a later version") if isinstance(versions, dict) else "of a later version"
    raise FileError(
        f"{name} was written by a newer mfgp ({writer}, schema {schema}), but this one reads schema {SCHEMA} at most; "
        "write pip install --upgrade mfgp"
    )


def _cut_short(name: str, found: int, expected: int) -> FileError:
    return FileError(
        f"{name} is cut short: it has {found} bytes, expected {expected}; take another copy of it, or fit and save "
        "the model again"
    )


def _canonical(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(document: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Of everything that a file says, in whatever order its bytes say it."""
    found = sha256()
    parts = [_canonical(document)]
    for key in sorted(tensors):
        parts += [key, str(tensors[key].dtype), str(list(tensors[key].shape))]
    found.update(_canonical({"": parts}).encode())
    for key in sorted(tensors):
        found.update(tensors[key].reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _umask() -> int:
    """What new files may not do here; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a crash, where folders can be synchronised."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
