"""Fetching weight files from the web: whole, checked by SHA-256, and resumed where a download was cut.

Only the address that was given is contacted, and where it redirects to. A download grows in `NAME.part`; the file gets
its name when it is complete and its checksum is right.
"""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from gaitdynamics._version import __version__
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.files.atomic import file_sha256, write_text
from gaitdynamics.inference.hub import HubFile, fetch_from_hub
from gaitdynamics.inference.torch_files import describe_stand_in

#: Told of progress: bytes so far, and bytes in all where the server says so.
Progress = Callable[[int, int | None], None]

#: No weights are larger [bytes]; a server that sends more is not followed.
LARGEST: Final = 4 * 1024**3

_TIMEOUT_S: Final = 30.0
_ATTEMPTS: Final = 4
_CHUNK: Final = 1 << 18
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched, or was there already; `sha256` of what is on disk."""

    path: Path
    size_bytes: int
    sha256: str
    was_there: bool = False


class _CutError(Exception):
    """The connection ended before the file did; what came is kept."""


class _RefusedError(Exception):
    """What the server sends is not taken."""


def fetch(
    source: str,
    folder: Path,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
    pause_s: float = 1.0,
    hub_endpoint: str | None = None,
) -> Fetched:
    """Fetch one file.

    Parameters
    ----------
    source
        An http(s) address, or `hf:owner/name/path/in/it` for a repository of the Hugging Face Hub;
        `hf:spaces/owner/name/path` for one of a space, `owner/name@revision` for a given revision.
    folder
        Where it goes, under its own name; made where it does not exist.
    sha256
        What the file must have, 64 hexadecimal digits.
    progress
        Called as bytes arrive; downloads from the hub show their own bar instead.
    pause_s
        Before the second attempt after a cut; doubled before each further one.
    hub_endpoint
        Address of the hub, if not the usual one.

    Raises
    ------
    UserInputError
        It cannot be had, or is not what was expected; the message says why. A part that came is kept for another try,
        a complete file with a wrong checksum is not.
    """
    wanted = None if sha256 is None else sha256.strip().lower()
    if wanted is not None and not _SHA256.fullmatch(wanted):
        raise UserInputError(f"'{sha256}' is not a SHA-256", remedy="give 64 hexadecimal digits")
    hub = HubFile.parse(source)
    target = folder / _file_name(source, hub.path if hub else urlsplit(source).path)
    if target.exists():
        return _already_there(target, wanted)
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserInputError(
            f"cannot be made ({error.strerror})", file=folder, remedy="name a folder of your own with --out"
        ) from error
    try:
        if hub:
            fetch_from_hub(hub, target, largest=LARGEST, endpoint=hub_endpoint)
        else:
            _fetch_by_address(source, target, progress or _silent, pause_s)
        return _checked(target, wanted)
    finally:
        if made and not any(folder.iterdir()):
            folder.rmdir()


def _file_name(source: str, path: str) -> str:
    parts = urlsplit(source)
    if not HubFile.parse(source) and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise UserInputError(
            f"'{source}' is not an address to fetch from", remedy="give http://..., https://... or hf:owner/name/path"
        )
    name = unquote(path).rpartition("/")[2]
    if not name or name.startswith(".") or re.search(r'[\\/:*?"<>|\x00-\x1f]', name):
        raise UserInputError(
            f"'{source}' does not name a file",
            remedy="give the address of the file itself, or hf:owner/name/path/of/the/file",
        )
    return name


def _already_there(target: Path, wanted: str | None) -> Fetched:
    found = file_sha256(target)
    if wanted != found:
        why = "not compared, no SHA-256 was given" if wanted is None else f"its SHA-256 is {found}"
        raise UserInputError(
            f"is there already ({why}); it is left as it is",
            file=target,
            remedy="name another folder with --out, or move the file away",
        )
    return Fetched(target, target.stat().st_size, found, was_there=True)


def _checked(target: Path, wanted: str | None) -> Fetched:
    found = file_sha256(target)
    if wanted is not None and wanted != found:
        target.unlink()
        raise FileFormatError(
            f"its SHA-256 is {found}, expected is {wanted}; it was removed",
            file=target,
            remedy="compare the checksum with the one that is published; then fetch again",
        )
    stand_in = describe_stand_in(target)
    if stand_in:
        target.unlink()
        raise FileFormatError(
            f"what came is {stand_in}; it was removed", file=target, remedy="give the address of the raw content"
        )
    return Fetched(target, target.stat().st_size, found)


def _silent(_done: int, _total: int | None) -> None:
    pass


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects, but never from an encrypted to an open connection."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.URLError("the server redirects to an address that is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    # Not `build_opener`, which would open local files and FTP too.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirects,
    ):
        opener.add_handler(handler())
    return opener


def _fetch_by_address(url: str, target: Path, progress: Progress, pause_s: float) -> None:
    part = target.with_name(f"{target.name}.part")
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            _download(url, part, progress)
        except _CutError as cut:
            reason = str(cut)
            continue
        except _RefusedError as error:
            part.unlink(missing_ok=True)
            _note(part).unlink(missing_ok=True)
            raise UserInputError(f"{url}: {error}", remedy="check the address") from error
        except urllib.error.HTTPError as error:
            raise UserInputError(
                f"{url}: the server answers {error.code} {error.reason}",
                remedy="check the address" if error.code in (404, 410) else "try again later, or check the address",
            ) from error
        except (urllib.error.URLError, TimeoutError, http.client.HTTPException, ValueError) as error:
            raise UserInputError(
                f"{url} cannot be reached ({getattr(error, 'reason', error)})",
                remedy="check the address and the connection; or fetch the file on another machine and copy it",
            ) from error
        except OSError as error:
            raise UserInputError(f"cannot be written ({error.strerror})", file=part) from error
        part.replace(target)
        _note(part).unlink(missing_ok=True)
        return
    raise UserInputError(
        f"{url}: the connection was cut {_ATTEMPTS} times ({reason})",
        file=part,
        remedy="fetch again with the same --out: what came is kept and continued",
    )


def _download(url: str, part: Path, progress: Progress) -> None:
    """Continue, or begin, a download; `_CutError` where it ended early."""
    start, validator = _resumable(url, part)
    headers = {"User-Agent": f"gaitdynamics/{__version__}", "Accept-Encoding": "identity"}
    if start:
        # Unless the file is still the same one, the server then sends all of it.
        headers |= {"Range": f"bytes={start}-", "If-Range": validator}
    try:
        response = _opener().open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S)  # noqa: S310 - http(s) only
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
            raise
        part.unlink()
        raise _CutError("the part that was kept did not fit the file") from error
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            start = 0
        total = _total(response, start)
        if total is not None and total > LARGEST:
            raise _RefusedError(f"{total:,} bytes are more than any weights have")
        strong = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        write_text(_note(part), json.dumps({"url": url, "validator": strong}))
        _receive(response, part, start, total, progress)


def _total(response: http.client.HTTPResponse, start: int) -> int | None:
    if response.status == http.client.PARTIAL_CONTENT:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if not match or int(match[1]) != start:
            raise _RefusedError("the server sends another range than asked for")
        return int(match[2])
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _receive(response: http.client.HTTPResponse, part: Path, start: int, total: int | None, progress: Progress) -> None:
    done = start
    with part.open("ab" if start else "wb") as stream:
        while True:
            try:
                block = response.read(_CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise _CutError(str(error) or type(error).__name__) from error
            if not block:
                break
            stream.write(block)
            done += len(block)
            if done > LARGEST:
                raise _RefusedError("the server sends more bytes than any weights have")
            progress(done, total)
    if total is not None and done != total:
        raise _CutError(f"{done:,} of {total:,} bytes came")


def _resumable(url: str, part: Path) -> tuple[int, str]:
    """Bytes that are there, and by what the server can tell that they are of the same file; (0, "") to begin."""
    try:
        note = json.loads(_note(part).read_text(encoding="utf-8"))
        validator = str(note["validator"])
        # Weak validators do not promise the same bytes.
        if note["url"] == url and validator and not validator.startswith("W/"):
            return part.stat().st_size, validator
    except (OSError, ValueError, LookupError, TypeError):
        pass
    return 0, ""


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")
