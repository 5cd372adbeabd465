"""What OpenSim's setup files (`.xml`) have in common."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from gaitdynamics.errors import FileFormatError

#: Layout version of the documents we write: that of OpenSim 4.0, which every later version reads.
_VERSION = "40000"


class Document:
    """An OpenSim document with one object in it.

    Parameters
    ----------
    kind
        Tag of the object.
    name
        Its name.
    """

    def __init__(self, kind: str, name: str) -> None:
        self._root = ET.Element("OpenSimDocument", Version=_VERSION)
        #: Element of the object, to be filled by the caller.
        self.element = ET.SubElement(self._root, kind, name=name)

    def text(self) -> str:
        """Give the document as indented text."""
        ET.indent(self._root)
        return '<?xml version="1.0" encoding="UTF-8" ?>\n' + ET.tostring(self._root, encoding="unicode") + "\n"


def read_object(path: Path, kind: str) -> ET.Element:
    """Read the element of the given kind from an OpenSim document.

    Raises
    ------
    FileFormatError
        The file is missing, not XML, or holds something else.
    """
    try:
        root = ET.fromstring(path.read_bytes())
    except FileNotFoundError:
        raise FileFormatError("no such file", file=path, remedy="check the path and its spelling") from None
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", file=path) from error
    except ET.ParseError as error:
        raise FileFormatError(f"not readable as XML ({error})", file=path) from error
    element = root if root.tag == kind else root.find(kind)
    if element is None:
        inside = root[0].tag if root.tag == "OpenSimDocument" and len(root) else root.tag
        raise FileFormatError(f"holds <{inside}> where <{kind}> is expected", file=path)
    return element


def text_of(element: ET.Element, tag: str) -> str:
    """Give the text of a child element without white space around it; empty where there is none."""
    return (element.findtext(tag) or "").strip()
