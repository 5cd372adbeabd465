"""Folders of weights that appear whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gaitdynamics.errors import UserInputError


def check_free(folder: Path) -> None:
    """Refuse a folder that holds something; raises `UserInputError`."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserInputError(
            "is there already; it is left as it is", file=folder, remedy="name a new folder with --out"
        )


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Lend a folder that takes its final name when the block ends without error, and is removed otherwise."""
    made = [parent for parent in folder.absolute().parents if not parent.exists()]
    draft = folder.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        draft.mkdir(parents=True)
        yield draft
        if folder.is_dir():
            folder.rmdir()
        draft.replace(folder)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        for parent in made:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
        if isinstance(error, OSError):
            raise UserInputError(
                f"cannot be written ({error.strerror})", file=folder, remedy="name a folder of your own with --out"
            ) from error
        raise
