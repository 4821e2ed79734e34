"""Images and drawings from strangers: NIfTI, NRRD, MetaImage, DICOM series, SEG and RTSTRUCT."""

from __future__ import annotations

import gzip
import struct
import sys
import warnings
import zlib
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pydicom
import SimpleITK as sitk
from mutation import NUMBERS, OUTSIDE, WORDS, mutated_bytes, mutated_text, pick
from target import Target

from RadFusionLib.case import Geometry, Volume
from RadFusionLib.dicom import guess_roles, read_source, read_tags
from RadFusionLib.dicom.deidentification import deidentify_dataset
from RadFusionLib.imaging import read_image, read_mask, read_tumor, write_volume

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python" / "dicom"))
from synthetic import OBLIQUE, structure_set, volume, write_series

__all__ = ["LINES", "OUTSIDE_VALUE", "Images", "other_text_header"]

SIZE = (12, 10, 4)
OUTSIDE_VALUE = 4096.0
"""Of every voxel of the image that lies outside."""

HEADER = {".nii": 352, ".gz": 12, ".nrrd": 420, ".mha": 320, ".dcm": 1800}
"""How many of the first bytes say what the rest is, by the name's ending."""

NIFTI = {0: "<i4", 40: "<i2", 42: "<i2", 44: "<i2", 46: "<i2", 48: "<i2", 68: "<i2", 70: "<i2", 72: "<i2", 76: "<f4",
         80: "<f4", 84: "<f4", 108: "<f4", 112: "<f4", 116: "<f4", 252: "<i2", 254: "<i2", 256: "<f4", 280: "<f4",
         284: "<f4", 300: "<f4", 344: "<i4", 348: "<i4"}  # fmt: skip
"""Where a NIfTI header's numbers lie, and of which kind."""

LINES = (
    f"data file: {OUTSIDE}.raw",
    f"datafile: {OUTSIDE}.raw",
    f"DATA FILE: {OUTSIDE}.raw",
    f"data file: LIST\n{OUTSIDE}.raw",
    "data file: ../../outside/canary%d.raw 1 1 1",
    "data file: pipe",
    f"ElementDataFile = {OUTSIDE}.raw",
    f"ElementDataFile = LIST\n{OUTSIDE}.raw",
    "sizes: 100000 100000 100000",
    "sizes: 2000 2000 1000",
    "sizes: -1 10 4",
    "sizes: 0 0 0",
    "dimension: 16",
    "type: block",
    "type: double",
    "encoding: gzip",
    "encoding: bzip2",
    "encoding: hex",
    "encoding: ascii",
    "byte skip: -1",
    "byte skip: 99999999999",
    "line skip: 99999999",
    "endian: big",
    "space: scanner-xyz",
    "space dimension: 7",
    "space directions: (nan,0,0) (0,1,0) (0,0,1)",
    "space directions: none (1,0,0) (0,1,0)",
    "space origin: (1e308,1e308,1e308)",
    "space origin: (nan,0,0)",
    "kinds: list domain domain",
    "Segment0_ID:=x\nSegment0_Layer:=999\nSegment0_LabelValue:=1",
    "Segment0_ID:=x\nSegment0_LabelValue:=99999999999999999999",
    "DimSize = 100000 100000 100000",
    "DimSize = 2000 2000 1000",
    "NDims = 9",
    "ElementNumberOfChannels = 1000000",
    "CompressedDataSize = 99999999999",
    "HeaderSize = -1",
    "BinaryData = False",
)
KEYWORDS = (
    "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient",
    "SliceThickness", "SpacingBetweenSlices", "RescaleSlope", "RescaleIntercept", "ImageType", "Modality",
    "SOPInstanceUID", "SeriesInstanceUID", "SpecificCharacterSet", "SegmentSequence", "PixelData",
    "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence", "ROIContourSequence",
    "StructureSetROISequence", "ReferencedFrameOfReferenceSequence", "MaximumFractionalValue", "SegmentationType",
    "AcquisitionTime", "WindowCenter", "LossyImageCompression",
)  # fmt: skip
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50",
            "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5",
            "1.2.840.10008.1.2.4.201", "1.2.3", "")  # fmt: skip


class Images(Target):
    """Small images of every format, altered; then read as an image, a mask or a drawn tumour."""

    name: ClassVar[str] = "images"

    def whole(self) -> list[Path]:
        geometry = Geometry(SIZE, OBLIQUE.spacing, OBLIQUE.origin, OBLIQUE.direction)
        image = volume(geometry)
        self._series = write_series(self.folder / "series", image)
        real = image.with_array(image.array.astype(np.float32))
        labels = image.with_array((image.array > 600).astype(np.uint8))
        files = [write_volume(real, self.folder / f"image{kind}") for kind in (".nii", ".nii.gz", ".nrrd", ".mha")]
        files += [write_volume(labels, self.folder / "mask.nii.gz"), self._slicer_segments(labels), self._plain(real)]
        angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
        ring = np.stack([6 + 3 * np.cos(angle), 5 + 3 * np.sin(angle), np.full(20, 1.0)], axis=1)
        files.append(structure_set(self.folder / "set.dcm", {"tumor": [geometry.index_to_physical(ring)]}))
        files += [self._segmentation(labels, kind) for kind in ("BINARY", "FRACTIONAL", "LABELMAP")]
        self._files = {path: path.read_bytes() for path in files}
        self._slices = {path: path.read_bytes() for path in sorted(self._series.iterdir())}
        return [*files, self._series]

    def mutant(self, rng: np.random.Generator) -> Path:
        for path, data in {**self._files, **self._slices}.items():
            if not path.is_file() or path.read_bytes() != data:
                path.write_bytes(data)
        for path in self._series.iterdir():
            if path not in self._slices:
                path.unlink()
        if rng.random() < 0.35:
            self._change_series(rng)
            return self._series
        path = pick(rng, sorted(self._files))
        path.write_bytes(_changed(path, self._files[path], rng))
        return path

    def use(self, path: Path) -> None:
        if path == self._series:
            read_image(path)
            guess_roles([read_tags(path)], [""])
            for header in read_source(path).headers:
                deidentify_dataset(header, case="c")
        elif path.suffix == ".dcm":
            read_mask(f"{path}#1", series=[self._series])
            read_tumor(path, series=[self._series])
        elif path.name.startswith("mask"):
            read_tumor(path)
            read_mask(path)
        elif np.any(read_image(path).array == OUTSIDE_VALUE):
            raise ValueError("voxels of a file outside the folder were read")

    def _slicer_segments(self, labels: Volume) -> Path:
        path = self.folder / "mask.seg.nrrd"
        stored = labels.to_sitk()
        for key, value in {"ID": "Segment_1", "Name": "tumor", "Layer": "0", "LabelValue": "1"}.items():
            stored.SetMetaData(f"Segment0_{key}", value)
        sitk.WriteImage(stored, str(path))
        return path

    def _plain(self, image: Volume) -> Path:
        """A NRRD file whose voxels are not packed, so that its header can ask for others."""
        path = self.folder / "plain.nrrd"
        sitk.WriteImage(image.to_sitk(), str(path), useCompression=False)
        return path

    def _segmentation(self, labels: Volume, kind: str) -> Path:
        from highdicom import UID
        from highdicom.seg import Segmentation, SegmentDescription
        from pydicom.sr.codedict import codes

        described = SegmentDescription(
            segment_number=1,
            segment_label="tumor",
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type="MANUAL",
        )
        data = Segmentation(
            source_images=read_source(self._series).headers,
            pixel_array=labels.array if kind != "FRACTIONAL" else labels.array.astype(np.float32),
            segmentation_type=kind,
            segment_descriptions=[described],
            series_instance_uid=UID(),
            series_number=2,
            sop_instance_uid=UID(),
            instance_number=1,
            manufacturer="Maker",
            manufacturer_model_name="Model",
            software_versions="1",
            device_serial_number="1",
        )
        path = self.folder / f"{kind.lower()}.dcm"
        data.save_as(path)
        return path

    def _change_series(self, rng: np.random.Generator) -> None:
        path = pick(rng, sorted(self._slices))
        change = pick(rng, ("bytes", "bytes", "elements", "elements", "gone", "twice", "other"))
        if change == "bytes":
            path.write_bytes(mutated_bytes(self._slices[path], rng, HEADER[".dcm"]))
        elif change == "elements":
            path.write_bytes(_other_elements(self._slices[path], rng))
        elif change == "gone":
            path.unlink()
        elif change == "twice":
            (self._series / "again.dcm").write_bytes(self._slices[path])
        else:
            path.write_bytes(pick(rng, sorted(self._files.values())))


def _changed(path: Path, data: bytes, rng: np.random.Generator) -> bytes:
    if path.suffix == ".dcm":
        return _other_elements(data, rng) if rng.random() < 0.5 else mutated_bytes(data, rng, HEADER[".dcm"])
    if rng.random() < 0.3:
        return mutated_bytes(data, rng, HEADER[path.suffix])
    if path.name.endswith(".nii.gz"):
        # What is packed can be anything at all; a file that is no longer packed tells nothing new.
        inner = _other_nifti(gzip.decompress(data), rng)
        return _bomb(inner[:352]) if rng.random() < 0.05 else gzip.compress(inner, 1)
    if path.suffix == ".nii":
        return _other_nifti(data, rng)
    return other_text_header(data, b"\n\n" if path.suffix == ".nrrd" else b"LOCAL\n", rng)


def _other_nifti(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = pick(rng, sorted(NIFTI))
        with np.errstate(all="ignore"):
            raw = np.asarray([pick(rng, NUMBERS)], dtype=np.float64).astype(NIFTI[at]).tobytes()
        changed[at : at + len(raw)] = raw
    if rng.random() < 0.1:
        changed[348:352] = b"\1\0\0\0"
        changed[352:352] = struct.pack("<2i", int(rng.integers(-100, 2**31 - 1)), 4)
    if rng.random() < 0.1:
        # More voxels than the file has bytes for.
        struct.pack_into("<4h", changed, 40, 3, *(int(n) for n in rng.integers(1, 32767, 3)))
    return bytes(changed)


def other_text_header(data: bytes, end: bytes, rng: np.random.Generator) -> bytes:
    header, mark, rest = data.partition(end)
    text = header.decode("latin-1")
    if rng.random() < 0.7:
        lines = text.split("\n")
        for _ in range(int(rng.integers(1, 3))):
            line = pick(rng, LINES)
            key = line.replace("=", ":").split(":")[0]
            same = [at for at, other in enumerate(lines) if other.replace("=", ":").startswith(key)]
            if same and rng.random() < 0.8:
                lines[same[0]] = line
            else:
                lines.insert(int(rng.integers(1, len(lines) + 1)), line)
        text = "\n".join(lines)
    else:
        text = mutated_text(text, rng)
    if "ElementDataFile = .." in text or "data file: .." in text.lower():
        rest = rest if rng.random() < 0.5 else b""
    return text.encode("latin-1", "replace") + mark + rest


def _other_elements(data: bytes, rng: np.random.Generator) -> bytes:
    """A DICOM file that is well formed and says something impossible."""
    from io import BytesIO

    from pydicom import config

    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed = pydicom.dcmread(BytesIO(data))
        try:
            for _ in range(int(rng.integers(1, 4))):
                _change_element(changed, rng)
            stream = BytesIO()
            changed.save_as(stream, enforce_file_format=True)
            raw = stream.getvalue()
        except Exception:  # What cannot be written is altered as bytes.
            return mutated_bytes(data, rng, HEADER[".dcm"])
    if rng.random() < 0.15:
        old = changed.file_meta.TransferSyntaxUID.encode()
        new = pick(rng, SYNTAXES).encode()[: len(old)].ljust(len(old), b"\0")
        raw = raw.replace(old, new, 1)
    return raw


def _change_element(data: pydicom.Dataset, rng: np.random.Generator) -> None:
    holders = [data]
    for element in data:
        if element.VR == "SQ":
            holders += list(element.value)[:8]
    holder = pick(rng, holders)
    present = [element.keyword for element in holder if element.keyword]
    keyword = pick(rng, [k for k in KEYWORDS if k in present] or present or ["Rows"])
    change = pick(rng, ("gone", "empty", "number", "word", "list", "sequence"))
    if keyword not in holder:
        return
    element = holder[keyword]
    if change == "gone":
        del holder[keyword]
    elif change == "empty":
        element.value = None
    elif element.VR == "SQ":
        element.value = [*element.value, *element.value] if change == "list" else list(element.value)[:-1]
    elif keyword == "PixelData":
        element.value = bytes(element.value)[: int(rng.integers(len(element.value)))]
    else:
        element.value = _odd_element(element.VR, change, rng)


def _odd_element(kind: str, change: str, rng: np.random.Generator) -> Any:
    if kind in ("US", "SS", "UL", "SL"):
        return int(pick(rng, (0, 1, 2, 255, 4096, 32767, 65535)))
    if change == "list":
        return [str(pick(rng, NUMBERS))[:16] for _ in range(int(rng.integers(2, 8)))]
    return str(pick(rng, NUMBERS) if change == "number" else pick(rng, WORDS))[:64]


@cache
def _zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1 << 24)
    return b"".join(packer.compress(block) for _ in range(size >> 24)) + packer.flush()


def _bomb(header: bytes) -> bytes:
    """A packed NIfTI file of four thousand times its own size."""
    changed = bytearray(header)
    struct.pack_into("<5h", changed, 40, 3, 2048, 2048, 1024, 1)
    struct.pack_into("<2h", changed, 70, 2, 8)
    return gzip.compress(bytes(changed), 1) + _zeros(1 << 30) * 4
