"""Scenes from strangers: altered zips, altered descriptions, and altered files in a zip that fits."""

from __future__ import annotations

import io
import json
import re
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar
from xml.sax.saxutils import quoteattr

import numpy as np
from images import OUTSIDE_VALUE, other_text_header
from mutation import NUMBERS, OUTSIDE, WORDS, mutated_bytes, mutated_text, pick
from target import Target
from zips import bomb, directory_changed

from RadFusionLib.bundle.card import DEMONSTRATION, RESEARCH_USE
from RadFusionLib.case import Case, Geometry, MaskKey, Volume
from RadFusionLib.imaging import peritumoral_shell
from RadFusionLib.reading.scene_file import read_scene_file
from RadFusionLib.scene import write_scene

__all__ = ["Scenes"]

SIZE = (12, 10, 6)
ATTRIBUTE = re.compile(rb'([\w.]+)="([^"]*)"')
ELEMENT = re.compile(rb"<(\w+)\s[^<>]*>\s*</\1>", re.DOTALL)
TAGS = (
    "Volume", "VolumeDisplay", "LabelMapVolume", "VectorVolume", "DiffusionTensorVolume", "StreamingVolume", "Model",
    "ModelDisplay", "ModelStorage", "Segmentation", "SegmentationStorage", "SegmentationDisplay", "Table", "TableView",
    "TableStorage", "Text", "TextStorage", "ColorTable", "ColorTableStorage", "ProceduralColor", "PETProceduralColor",
    "ProceduralColorStorage", "LinearTransform", "GridTransform", "BSplineTransform", "TransformStorage", "Sequence",
    "SequenceStorage", "VolumeSequenceStorage", "NRRDStorage", "VolumeArchetypeStorage", "HierarchyStorage", "Slice",
    "SliceComposite", "View", "Layout", "Camera", "Crosshair", "SceneView", "SubjectHierarchy", "ScriptedModule",
    "Selection", "Interaction", "MarkupsFiducialStorage", "ClipModels", "Plot", "PlotSeries", "Folder", "MRML",
)  # fmt: skip
"""What elements of scenes are called."""
ADDED = (
    "numcolors", "colors", "type", "layoutGridRows", "layoutGridColumns", "dimensions", "fileListMember1", "uri",
    "parentTransformNodeRef", "transformNodeRef", "storageNodeRef", "displayNodeRef", "references", "attributes",
    "matrixTransformToParent", "readWriteTransformationMatrix", "ijkToRASDirections", "spacing", "origin", "window",
    "sliceResolutionMode", "numberOfComponents", "singleFile", "UseOrientationFromFile", "voxelVectorType",
    "SegmentListFilterEnabled", "layout", "currentViewArrangement", "columnNames", "schema", "encoding", "text",
    "markersText", "labelText", "maximumNumberOfColors", "numberOfLabels", "singletonTag", "id", "name", "class",
)  # fmt: skip
"""Attributes that nodes of many classes have."""
LINES = (
    "Segment0_Extent:=0 2000000000 0 2000000000 0 2000000000",
    "Segment0_Extent:=-2000000000 2000000000 -1 -1 5 4",
    "Segment0_Extent:=a b c",
    "Segment0_Layer:=2000000000",
    "Segment0_Layer:=-1",
    "Segment0_LabelValue:=2147483648",
    "Segment0_Color:=nan inf -1",
    "Segment99999_ID:=x\nSegment99999_LabelValue:=1",
    "Segment0_Tags:=" + "a:b|" * 10_000,
    "Segmentation_ReferenceImageExtentOffset:=2000000000 -2000000000 0",
    "Segmentation_ReferenceImageExtentOffset:=1 1",
    "Segmentation_ContainedRepresentationNames:=Binary labelmap|Closed surface|Fractional labelmap|",
    "Segmentation_ContainedRepresentationNames:=Closed surface|" + "x|" * 5_000,
    "Segmentation_MasterRepresentation:=Closed surface",
    "Segmentation_SourceRepresentation:=Planar contours",
    "Segmentation_ConversionParameters:=Oversampling factor|1000000|x&Smoothing factor|1e308|x&",
    "measurement frame: (nan,0,0) (0,1e308,0) (0,0,1)",
    "kinds: vector domain domain",
    "kinds: RGBA-color domain domain",
    "kinds: 3D-masked-symmetric-matrix domain domain",
    "centerings: node cell ???",
    "thicknesses: nan 1e308 -1",
    "spacings: nan 1e308 -1",
    "axis mins: nan 0 0",
    "space: 3D-right-handed-time",
    "old min: nan",
    "sample units: " + "x" * 5000,
    "modality:=DWMRI\nDWMRI_b-value:=1e308\nDWMRI_gradient_999999:=1 0 0",
)
ROWS = (
    "LabelValue,Name,Color_R,Color_G,Color_B,Color_A\n2000000000,x,1,1,1,1\n",
    "LabelValue\tName\n-5\tx\n",
    "2000000000 x 0 0 0 255\n",
    "-1 x nan inf -1 1e308\n",
    "\t" * 200_000 + "\n",
    "," * 100_000 + "\n",
    '"' + "x" * 100_000,
    "x\n" * 200_000,
    "name,type,default\n",
    "[" * 100_000,
)

MEASURED = {"cases": ["c"], "names": ["PP_tumor_original_shape_MeshVolume"], "values": [[1.5]], "scanners": ["M 3T"]}
SAID = {
    "bundle": "b",
    "digests": {"images": "i", "contours": "c"},
    "clinical": {"age": 61.0},
    "prediction": {"explanation": {"risk": 0.12}, "features": MEASURED, "contours": None, "signatures": {"CR": 0.2}},
}
"""What the reader keeps of a prediction in its scenes."""


class Scenes(Target):
    """A small scene as `predict` writes it, altered; then read as the reader reads it."""

    name: ClassVar[str] = "scenes"
    unpacks: ClassVar[bool] = True

    def whole(self) -> list[Path]:
        self._path = _small_scene(self.folder / "s.mrb")
        self._bytes = self._path.read_bytes()
        with zipfile.ZipFile(self._path) as archive:
            self._files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        self._mrml = next(name for name in self._files if name.endswith(".mrml"))
        self._images = sorted(name for name in self._files if name.endswith(".nrrd"))
        self._texts = sorted(set(self._files) - {self._mrml, *self._images})
        return [self._path]

    def mutant(self, rng: np.random.Generator) -> Path:
        ways = (self._altered, self._rezipped, self._described, self._described, self._pictured, self._pictured)
        pick(rng, (*ways, self._written))(rng)
        return self._path

    def use(self, path: Path) -> None:
        case = read_scene_file(path).case
        for volume in case.phases.values():
            if np.any(volume.array == OUTSIDE_VALUE):
                raise ValueError("voxels of a file outside the folder were read")

    def _altered(self, rng: np.random.Generator) -> None:
        self._path.write_bytes(mutated_bytes(self._bytes, rng))

    def _described(self, rng: np.random.Generator) -> None:
        """Another text of the scene, field by field or line by line."""
        text = self._files[self._mrml]
        for _ in range(int(rng.integers(1, 5))):
            change = pick(rng, (_other_value, _other_value, _other_value, _other_tag, _added, _moved, _headed))
            text = change(text, rng)
        if rng.random() < 0.1:
            text = mutated_text(text.decode("utf-8", "replace"), rng).encode("utf-8", "surrogatepass")
        if rng.random() < 0.05:
            text = mutated_bytes(text, rng)
        self._write({**self._files, self._mrml: text})

    def _pictured(self, rng: np.random.Generator) -> None:
        """Another image, whose header or bytes are altered."""
        files = dict(self._files)
        name = pick(rng, self._images)
        data = files[name]
        change = pick(rng, ("bytes", "header", "lines", "lines", "other", "plain"))
        if change == "bytes":
            data = mutated_bytes(data, rng, 600)
        elif change == "header":
            data = other_text_header(data, b"\n\n", rng)
        elif change == "lines":
            for _ in range(int(rng.integers(1, 3))):
                data = _with_line(data, pick(rng, LINES))
        elif change == "other":
            data = files[pick(rng, sorted(files))]
        else:
            # Every storage node may find an image where it looks for something else.
            other = pick(rng, (".nii", ".mha", ".txt", ".csv", ".seg.nrrd", ".nhdr", ".vtk", ".h5", ".png"))
            renamed = name.rsplit("/", 1)[0] + "/other" + other
            files[renamed] = files.pop(name)
            old, new = _as_named(name), _as_named(renamed)
            files[self._mrml] = files[self._mrml].replace(old, new)
            name, data = renamed, data
        self._write({**files, name: data})

    def _written(self, rng: np.random.Generator) -> None:
        """Another table, colour table or text."""
        files = dict(self._files)
        name = pick(rng, self._texts)
        text = files[name].decode("utf-8", "replace")
        change = pick(rng, ("text", "bytes", "rows", "row"))
        if change == "text":
            files[name] = mutated_text(text, rng).encode("utf-8", "surrogatepass")
        elif change == "bytes":
            files[name] = mutated_bytes(files[name], rng)
        elif change == "rows":
            files[name] = pick(rng, ROWS).encode()
        else:
            files[name] = (text + pick(rng, ROWS)).encode()
        self._write(files)

    def _rezipped(self, rng: np.random.Generator) -> None:
        """The same content in a zip that nobody writes."""
        change = pick(rng, ("name", "link", "twice", "packing", "bomb", "sizes", "flags", "many"))
        packing = pick(rng, (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)) if change == "packing" else zipfile.ZIP_DEFLATED
        buffer = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", packing) as archive:
            warnings.simplefilter("ignore")
            for name, data in self._files.items():
                archive.writestr(name, data)
            word = pick(rng, WORDS).encode("utf-8", "replace").decode() or "x"
            if change == "name":
                archive.writestr(pick(rng, (word, f"s/Data/{word}", f"{word}/x.txt")), b"touch touched")
            elif change == "link":
                entry = zipfile.ZipInfo("s/Data/link.nrrd")
                entry.external_attr = 0o120777 << 16
                archive.writestr(entry, f"../../{OUTSIDE}.nrrd")
            elif change == "twice":
                archive.writestr(pick(rng, sorted(self._files)), b"touch touched")
            elif change == "many":
                for number in range(5000):
                    archive.writestr(f"s/Data/{number}.txt", b"")
        data = buffer.getvalue()
        if change == "bomb":
            data = bomb(self._files, pick(rng, sorted(self._files)), pick(rng, (True, False)))
        elif change in ("sizes", "flags", "packing"):
            data = directory_changed(data, rng, change)
        self._path.write_bytes(data)

    def _write(self, files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(self._path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data, compresslevel=1)


def _small_scene(path: Path) -> Path:
    """A scene of a predicted case: images, contours with a shell on two grids, heatmap, colours, tables and a text."""
    noise = np.random.default_rng(3)
    geometry, other = Geometry(SIZE, (2.0, 2.0, 3.0)), Geometry(SIZE, (2.5, 2.0, 3.0), (5.0, 0.0, 0.0))
    phases = {"PP": geometry, "AP": geometry, "HBP": other}
    images = {role: Volume(noise.normal(100, 30, grid.shape).astype(np.float32), grid) for role, grid in phases.items()}
    drawn = np.zeros(geometry.shape, bool)
    drawn[2:4, 4:7, 5:8] = True
    liver = np.zeros(geometry.shape, bool)
    liver[1:5, 1:9, 1:11] = True
    tumor = Volume(drawn, geometry)
    masks = {
        MaskKey("tumor"): tumor,
        MaskKey("liver"): Volume(liver, geometry),
        MaskKey("tumor", "HBP", "B", "1"): Volume(drawn, other),
    }
    case = Case("c", images, masks, {"age": 61.0, "AFP": 1 / 3}, scanner="M 3T", simulated=True)
    shell = peritumoral_shell(tumor, 10.0, masks[MaskKey("liver")]).mask
    inside = tumor.array | shell.array
    values = noise.normal(0, 0.02, inside.shape).astype(np.float32)
    prediction = SimpleNamespace(
        case="c",
        risk=0.12,
        risk_low=0.05,
        risk_high=0.31,
        model_spread=0.2,
        group="low",
        threshold=0.4,
        warnings=("The scanner is not among those of training.",),
        explanation={
            "outcome": "microvascular invasion",
            "heatmap": {"kind": "contribution"},
            "prevalence": 0.37,
            "level": 0.9,
            "bundle": "b",
            "notices": [],
            "notice": f"{DEMONSTRATION} {RESEARCH_USE}",
        },
        heatmap=tumor.with_array(np.where(inside, values, np.float32(-1000.0))),
        shell=shell,
        prepared=SimpleNamespace(reference="PP"),
    )
    return write_scene(case, prediction, path, json.dumps(SAID))


def _other_value(text: bytes, rng: np.random.Generator) -> bytes:
    found = list(ATTRIBUTE.finditer(text))
    if not found:
        return text
    place = pick(rng, found)
    return text[: place.start(2)] + _odd(place.group(2), text, rng) + text[place.end(2) :]


def _odd(value: bytes, text: bytes, rng: np.random.Generator) -> bytes:
    change = pick(rng, ("number", "number", "word", "numbers", "other", "part"))
    if change == "number":
        return str(pick(rng, NUMBERS)).encode()
    if change == "numbers":
        return " ".join(str(pick(rng, NUMBERS)) for _ in range(int(rng.integers(2, 17)))).encode()
    if change == "other":
        return bytes(pick(rng, list(ATTRIBUTE.finditer(text))).group(2))
    if change == "part":
        said = mutated_text(value.decode("utf-8", "replace"), rng)
        return quoteattr(said).strip("'\"").replace('"', "&quot;").encode("utf-8", "replace")
    return quoteattr(pick(rng, WORDS)).strip("'\"").replace('"', "&quot;").encode("utf-8", "replace")


def _other_tag(text: bytes, rng: np.random.Generator) -> bytes:
    found = list(re.finditer(rb"<(\w+)(?=[\s>])", text))
    if not found:
        return text
    tag, new = pick(rng, found).group(1), pick(rng, TAGS).encode()
    count = 1 if rng.random() < 0.3 else 0
    return re.sub(rb"(</?)" + tag + rb"(?=[\s>])", rb"\1" + new, text, count=count)


def _added(text: bytes, rng: np.random.Generator) -> bytes:
    found = list(re.finditer(rb"<\w+\s", text))
    if not found:
        return text
    at = pick(rng, found).end()
    return text[:at] + pick(rng, ADDED).encode() + b'="' + _odd(b"1 0 0", text, rng) + b'" ' + text[at:]


def _moved(text: bytes, rng: np.random.Generator) -> bytes:
    """An element left out, doubled, put into another or nested many times."""
    found = list(ELEMENT.finditer(text))
    if not found:
        return text
    one, other = pick(rng, found), pick(rng, found)
    change = pick(rng, ("gone", "twice", "within", "new", "nested"))
    if change == "gone":
        return text[: one.start()] + text[one.end() :]
    if change == "twice":
        return text[: other.start()] + one.group() + text[other.start() :]
    if change == "within":
        at = other.group().rindex(b"</") + other.start()
        return text[:at] + one.group() + text[at:]
    tag = pick(rng, TAGS).encode()
    if change == "new":
        # All that a node of the kind could take from another.
        return (
            text[: one.start()]
            + re.sub(rb"^<\w+|\w+>$", lambda m: _renamed(m.group(), tag), one.group())
            + text[one.start() :]
        )
    depth = pick(rng, (3, 20, 5000))
    return text[: one.start()] + (b"<" + tag + b">") * depth + (b"</" + tag + b">") * depth + text[one.start() :]


def _renamed(end: bytes, tag: bytes) -> bytes:
    return b"<" + tag if end.startswith(b"<") else tag + b">"


def _headed(text: bytes, rng: np.random.Generator) -> bytes:
    """A document type with entities, or another encoding."""
    head, mark, rest = text.partition(b"?>")
    kind = b"<!DOCTYPE MRML [<!ENTITY a '" + b"x" * 1000 + b"'><!ENTITY b SYSTEM '" + OUTSIDE.encode() + b".csv'>]>"
    if not mark or rng.random() < 0.7:
        return text if rng.random() < 0.5 else head + mark + kind + rest
    if rng.random() < 0.5:
        return head.replace(b"UTF-8", pick(rng, (b"ISO-8859-1", b"UTF-16", b"UTF-7", b"x"))) + mark + rest
    return text.decode("utf-8", "replace").encode("utf-16")


def _with_line(data: bytes, line: str) -> bytes:
    header, mark, rest = data.partition(b"\n\n")
    lines = header.decode("latin-1").split("\n")
    key = line.partition(":")[0]
    same = [at for at, other in enumerate(lines) if other.startswith(f"{key}:")]
    if same:
        lines[same[0]] = line
    else:
        lines.append(line)
    return "\n".join(lines).encode("latin-1") + mark + rest


def _as_named(name: str) -> bytes:
    """As the text of the scene names a file of its folder."""
    return name.split("/", 1)[1].replace("%", "%25").replace(" ", "%20").encode()
