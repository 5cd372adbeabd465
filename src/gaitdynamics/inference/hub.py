"""Single files from repositories of the Hugging Face Hub, through the hub's own client."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from gaitdynamics._version import __version__
from gaitdynamics.errors import UserInputError
from gaitdynamics.files.atomic import atomic_path

_PLACE: Final = re.compile(r"hf:(?:(spaces|datasets)/)?([\w.-]+/[\w.-]+?)(?:@([\w./-]+?))?/((?!.*\.\.)[^\\?#]+)")


@dataclass(frozen=True)
class HubFile:
    """A file of a repository `owner/name`; `repo_type` and `revision` are None for the usual ones."""

    repository: str
    path: str
    repo_type: str | None = None
    revision: str | None = None

    @classmethod
    def parse(cls, source: str) -> Self | None:
        """Read `hf:[spaces/|datasets/]owner/name[@revision]/path`; None for anything else."""
        found = _PLACE.fullmatch(source)
        if found is None:
            return None
        kind, repository, revision, path = found.groups()
        return cls(repository, path, kind.removesuffix("s") if kind else None, revision)


def fetch_from_hub(file: HubFile, target: Path, *, largest: int, endpoint: str | None = None) -> None:
    """Fetch a file.

    Parameters
    ----------
    file
        What to fetch.
    target
        Where it goes, whole or not at all.
    largest
        Greatest size that is accepted [bytes].
    endpoint
        Address of the hub, if not the usual one.

    Raises
    ------
    UserInputError
        It cannot be had. Of a download that was cut, the client keeps a part beside `target` and continues it later.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    # Base of all that the client's connections raise; from which package it comes depends on the version.
    from huggingface_hub.errors import HTTPError as ConnectionFailedError  # type: ignore[attr-defined]

    place = f"'{file.repository}'{f' at {file.revision}' if file.revision else ''}"
    unfinished = target.with_name(f"{target.name}.part.d")
    try:
        url = hf_hub_url(
            file.repository, file.path, repo_type=file.repo_type, revision=file.revision, endpoint=endpoint
        )
        # The download itself would try for half a minute before it says that there is no connection.
        size = get_hf_file_metadata(url, endpoint=endpoint).size
        if size is None or size <= largest:
            got = hf_hub_download(
                file.repository,
                file.path,
                repo_type=file.repo_type,
                revision=file.revision,
                local_dir=unfinished,
                endpoint=endpoint,
                library_name="gaitdynamics",
                library_version=__version__,
            )
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        reason = "may be read only by those who were let in" if isinstance(error, GatedRepoError) else "was not found"
        raise UserInputError(
            f"hub repository {place} {reason}",
            remedy="check the name; for one that is not public, log in first: hf auth login",
        ) from error
    except EntryNotFoundError as error:
        if isinstance(error, LocalEntryNotFoundError):
            raise _unreachable(place) from error
        raise UserInputError(f"'{file.path}' is not in the hub repository {place}", remedy="check the path") from error
    except (HfHubHTTPError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserInputError(
            f"the hub did not give '{file.path}' of {place} ({reason})",
            remedy="check the connection and try again: what came is kept and continued",
        ) from error
    except ConnectionFailedError as error:
        raise _unreachable(place) from error
    if size is not None and size > largest:
        raise UserInputError(f"'{file.path}': {size:,} bytes are more than any weights have", remedy="check the path")
    with atomic_path(target) as temporary:
        Path(got).replace(temporary)
    shutil.rmtree(unfinished, ignore_errors=True)


def _unreachable(place: str) -> UserInputError:
    return UserInputError(
        f"the hub cannot be reached for {place}",
        remedy="check the connection; or fetch the file on another machine and copy it",
    )
