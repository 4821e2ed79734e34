"""A scene from elsewhere, unpacked and looked through before Slicer's native readers see it.

Slicer's readers set memory aside for what a header claims, follow names to other files, and choose a format by a file's
name and first bytes; its library reads many formats, some of which end the process on a damaged file. So a scene may
hold only files of few kinds, each file must be what its name says, and each storage node must name a kind that it is
meant for.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote
from xml.parsers import expat

from RadFusionLib.bounded_zip import DAMAGED, RefusedEntry, leaves_folder, most_unpacked, unpack
from RadFusionLib.errors import InputError
from RadFusionLib.imaging.stored_image import image_reader

__all__ = ["unpack_scene"]

SMALL, UNPACKED = 256 << 20, 200
"""A scene may be this many bytes unpacked, or, where that is more, this many times its file."""
REFUSED = {
    "twice": "holds {} twice, as no scene does",
    "packing": "packs {} by neither of the zip's two usual ways",
    "length": "would be many times its own size unpacked ({})",
    "place": "names files outside itself ({})",
}
"""What is wrong with an entry of the zip."""
MOST_FILES = 4096
MOST_TEXT = 16 << 20
"""Bytes of the scene's own text, and of each table or text in it."""
DEEPEST = 16
"""Elements within elements of the scene's text; Slicer's have two or three."""

IMAGES = {
    ".nrrd": "NrrdImageIO",
    ".nii": "NiftiImageIO",
    ".nii.gz": "NiftiImageIO",
    ".mha": "MetaImageIO",
}
"""Which of ITK's readers an image of a name must be meant for."""
TEXTS = (".tsv", ".csv", ".txt", ".ctbl", ".json")
PICTURES = (".png", ".jpg", ".jpeg")
"""Of the window, beside the scene's text; nothing reads them."""
STORED = {
    "VolumeArchetypeStorage": tuple(IMAGES),
    "NRRDStorage": (".nrrd",),
    "SegmentationStorage": (".nrrd", ".nii", ".nii.gz"),
    "TableStorage": (".tsv", ".csv", ".txt"),
    "TextStorage": (".txt", ".json"),
    "ColorTableStorage": (".ctbl", ".csv", ".txt"),
    "MarkupsJsonStorage": (".json",),
}
"""The nodes that may name a file, and of which kinds."""
REPRESENTATIONS = {"Binary labelmap", "Closed surface"}
"""Of segments, as Slicer makes them while it reads them."""
GRIDS, AUTOMATIC = ("Reference image geometry",), "A"
"""The settings of conversions that are no number, and the one word that stands for a number."""
LONGEST_HEADER = 1 << 20
COLORS = "numcolors"
"""The attribute that says how many colours a table has."""
NAMES = re.compile(r"(?i)file_?name|filelistmember\d*|uri|urilistmember\d*")
"""The attributes that name files."""


def unpack_scene(path: Path, folder: Path, classes: Mapping[str, str]) -> Path:
    """Unpack a scene file, check all that is in it, and return the place of its text.

    Parameters
    ----------
    path : Path
        The ``.mrb`` file.
    folder : Path
        Empty.
    classes : mapping of str to str
        The classes of nodes, by the tags of the scene's text.

    Raises
    ------
    InputError
        When it holds more than a scene of images does, or something that is not what it says.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if (count := len(archive.infolist())) > MOST_FILES:
                raise InputError(f"{path} holds {count} files, which no scene does; save it again in Slicer.")
            length = path.stat().st_size
            unpack(archive, folder, most_unpacked(SMALL, UNPACKED, length, length))
    except RefusedEntry as error:
        raise InputError(f"{path} {REFUSED[error.why].format(error.name)}; save it again in Slicer.") from error
    except InputError:
        raise
    except DAMAGED as error:
        raise InputError(f"{path} cannot be unpacked; copy it again.") from error
    found = sorted(folder.glob("*.mrml")) + sorted(folder.glob("*/*.mrml"))
    if not found:
        raise InputError(f"{path} holds no scene; give an .mrb file that Slicer or RadFusion wrote.")
    for place in sorted(folder.rglob("*")):
        if place.is_file() and place != found[0]:
            _check_file(path, place, place.relative_to(folder))
    for tag, name in _named_files(path, found[0], classes):
        _check_name(path, tag, name)
    return found[0]


def _kind(name: str) -> str:
    """The ending of a file's name by which readers choose a format."""
    name = name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else PurePosixPath(name).suffix


def _check_file(path: Path, place: Path, name: Path) -> None:
    kind = _kind(place.name)
    if kind in IMAGES:
        try:
            reader = image_reader(place)
        except InputError as error:
            said = str(error).removeprefix(f"{place} ")
            raise InputError(f"In {path}, {name} {said}") from error
        if kind == ".nrrd":
            _check_segments(path, place, name)
        if reader != IMAGES[kind] or not _opens(place, reader):
            raise InputError(f"In {path}, {name} is not what its name says; save the scene again in Slicer.")
    elif kind in TEXTS:
        _check_text(path, place, name, kind)
    elif kind not in PICTURES or name.parent.name == "Data":
        raise InputError(
            f"{path} holds {name}, a kind of file that is not taken from a scene; "
            "delete what belongs to it in Slicer and save the scene again."
        )


def _check_segments(path: Path, place: Path, name: Path) -> None:
    """Refuse segments larger than their image, and conversions that have no end."""
    with place.open("rb") as stream:
        text = re.sub(r"\r\n|\r", "\n", stream.read(LONGEST_HEADER).decode("latin-1"))
    header = text.partition("\n\n")[0]
    sizes = [int(size) for said in re.findall(r"(?im)^sizes\s*:(.*)$", header) for size in said.split()]
    for key, value in re.findall(r"(?m)^\s*(Segment\w+):=(.*)$", header):
        if key.endswith("_Extent"):
            right = _within(value.split(), sizes[-3:])
        elif key.endswith("RepresentationNames"):
            said = value.strip("|").split("|")
            right = set(said) <= REPRESENTATIONS and len(set(said)) == len(said)
        elif key.endswith("_ConversionParameters"):
            right = all(map(_is_setting, filter(None, value.split("&"))))
        else:
            continue
        if not right:
            raise InputError(
                f"In {path}, {name} describes its segments as nobody draws them ({key}); save the scene again."
            )


def _within(extent: list[str], sizes: list[int]) -> bool:
    """Whether first and last voxel of each axis lie in the image, or the last before the first as in what is empty."""
    if len(extent) != 6 or len(sizes) != 3 or not all(re.fullmatch(r"-?\d{1,9}", number) for number in extent):
        return False
    low, high = [int(number) for number in extent[::2]], [int(number) for number in extent[1::2]]
    return all(b < a or 0 <= a <= b < size for a, b, size in zip(low, high, sizes, strict=True))


def _is_setting(entry: str) -> bool:
    """Whether a setting of conversions (name, value, description) is of a size that one would choose."""
    name, _, rest = entry.partition("|")
    value = rest.partition("|")[0]
    if name in GRIDS:
        return True
    return value == AUTOMATIC or bool(re.fullmatch(r"-?\d{0,2}(\.\d{0,20})?", value))


def _opens(place: Path, reader: str) -> bool:
    """Whether ITK can read an image: in Slicer's reader of segmentations ITK's errors end the process."""
    import SimpleITK as sitk

    image = sitk.ImageFileReader()
    image.SetImageIO(reader)
    image.SetFileName(str(place))
    try:
        image.Execute()
    except RuntimeError:
        return False
    return True


def _check_text(path: Path, place: Path, name: Path, kind: str) -> None:
    if place.stat().st_size > MOST_TEXT:
        raise InputError(f"In {path}, {name} is longer than {MOST_TEXT >> 20} MiB; save the scene without it.")
    data = place.read_bytes()
    if b"\0" in data:
        raise InputError(f"In {path}, {name} is no text; save the scene without it.")
    if kind == ".json":
        try:
            # Also of no great depth: other readers of JSON go down by recursion.
            json.loads(data)
        except (ValueError, RecursionError) as error:
            raise InputError(f"In {path}, {name} is no JSON; save the scene without it.") from error


def _check_name(path: Path, tag: str, name: str) -> None:
    once = unquote(name, errors="surrogateescape")
    for said in (name, once, unquote(once, errors="surrogateescape")):
        # Nor to have other files of this computer read as if they were its own.
        if leaves_folder(said):
            raise InputError(f"{path} names files outside itself; it is not a scene that Slicer wrote.")
    if tag not in STORED or _kind(once) not in STORED[tag]:
        raise InputError(
            f"{path} has {once[:200]} read as {tag}, which is not done with a scene; "
            "delete what belongs to it in Slicer and save the scene again."
        )


def _named_files(path: Path, mrml: Path, classes: Mapping[str, str]) -> list[tuple[str, str]]:
    """The nodes that name files, by their tags, and the names, in a scene's text that is plain and whole XML."""
    if mrml.stat().st_size > MOST_TEXT:
        raise InputError(f"{path} describes itself in more than {MOST_TEXT >> 20} MiB; save it with less in it.")
    reader = _Reader(classes)
    try:
        reader.read(mrml.read_bytes())
    except (expat.ExpatError, ValueError) as error:
        raise InputError(f"{path} holds no scene that can be read; save it again in Slicer.") from error
    if reader.transforms:
        raise InputError(f"{path} holds transforms; harden them in Slicer, delete them and save the scene again.")
    return reader.named


class _Reader:
    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes
        self._taken: set[tuple[str, str]] = set()
        self.named: list[tuple[str, str]] = []
        self.transforms = False
        self._depth = 0

    def read(self, text: bytes) -> None:
        parser = expat.ParserCreate()
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        # In another encoding the same bytes are another scene.
        text.decode("utf-8")
        parser.Parse(text, True)

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if (encoding or "utf-8").lower() != "utf-8":
            raise ValueError("a scene's text is UTF-8")

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        raise ValueError("a scene's text declares no document type, and so no entities")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError("elements within elements without end")
        # Slicer follows a transform to its parent without end where one is its own.
        self.transforms |= tag.endswith("Transform")
        if tag in self._classes:
            self._identify(self._classes[tag], attributes)
        if not re.fullmatch(r"\d{1,5}", attributes.get(COLORS, "0")):
            raise ValueError("colours are set aside memory for before they are read")
        self.named += [(tag, value) for key, value in attributes.items() if NAMES.fullmatch(key) and value]

    def _identify(self, kind: str, attributes: Mapping[str, str]) -> None:
        """Refuse two nodes of one identity, and a node that bears another kind's: Slicer takes one for the other."""
        identity, single = attributes.get("id", ""), attributes.get("singletonTag", "")
        if identity and not identity.startswith(kind):
            raise ValueError("the identity of a node of another kind")
        for taken in filter(lambda pair: pair[1], ((kind, identity), (f"the only {kind}", single))):
            if taken in self._taken:
                raise ValueError("two nodes of one identity")
            self._taken.add(taken)

    def _end(self, tag: str) -> None:
        self._depth -= 1
