"""Regions of a DICOM series as a DICOM segmentation: a segment a region, at the very voxels; needs the extra ``segmentation``.

It refers to the series, the frame of reference and each instance that it lies on, and stands in the same study. Of the source
only what a segmentation must state is read (:data:`STATED`): no description, no age, no comment of the patient gets into it.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from assistant.errors import ImageError, StorageError
from assistant.files.whole import whole_file
from assistant.pictures.images import split_selector
from assistant.pictures.pixels import decoding, printable
from assistant.volumes.finding import VolumeInspection, VolumeRegion
from assistant.volumes.volume import Volume

PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
"""Must stand in each object of a patient, empty where it is not known (PS3.3, C.7.1.1)."""
STUDY = ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
"""Likewise, of a study (C.7.2.1)."""
IDENTITY = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID", "FrameOfReferenceUID")
STATED = (
    *PATIENT, *STUDY, *IDENTITY, "SpecificCharacterSet", "Modality", "PositionReferenceIndicator", "Rows", "Columns",
    "NumberOfFrames", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "ImageType",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "DimensionOrganizationSequence",
    "DimensionIndexSequence",
)  # fmt: skip
"""All that is read of the source's headers."""
_LONGEST = 64
"""Letters of a label."""


def require_highdicom(name: str) -> None:
    """See that the extra is installed.

    Raises:
        ImageError: it is not.
    """
    try:
        import highdicom  # noqa: F401
    except ImportError:
        do = 'pip install "anomaly-assistant[segmentation]"'
        raise ImageError("the package that writes DICOM segmentations", f"none for {name}", do) from None


def save_segmentation(path: str | Path, found: VolumeInspection) -> bool:
    """Write the regions of a volume as a DICOM segmentation; whole or not at all.

    Args:
        path: of the file.
        found: of a DICOM series, or of a DICOM file of frames.

    Returns:
        Whether there was a region: DICOM knows no segmentation without a segment, so that none is written then.

    Raises:
        StorageError: a volume of NIfTI, or a folder that cannot be written.
        ImageError: highdicom is not installed, or headers that no segmentation can refer to.
    """
    target, name = Path(path), printable(str(path))
    if found.volume.kind != "DICOM" or not found.volume.sources:
        do = "write its scores with --score-volume, or inspect the DICOM slices that it was made of"
        raise StorageError(
            "a scan of DICOM slices for a segmentation", f"{found.volume.kind}, {found.volume.title}", do
        )
    require_highdicom(name)
    if not found.regions:
        return False
    written = _segmentation(found)
    try:
        with whole_file(target, ".dcm") as part:
            written.save_as(part)
    except OSError as error:
        raise StorageError("a folder that can be written", f"{error.strerror} at {name}", "name another") from None
    return True


def region_masks(found: VolumeInspection) -> Bool[np.ndarray, "slices rows columns regions"]:
    """Where each region lies, in the order in which the source's slices and pixels lie."""
    volume = found.volume
    cells = [
        np.minimum(((np.arange(side) + 0.5) * whole / side).astype(int), whole - 1)
        for side, whole in zip(volume.shape, found.numbers.shape, strict=True)
    ]
    numbers = volume.in_source_order(found.numbers[np.ix_(*cells)]).transpose(2, 1, 0)
    return np.stack([numbers == region.id for region in found.regions], -1)


def _segmentation(found: VolumeInspection) -> Any:
    import highdicom

    volume = found.volume
    sources, frames = _sources(volume)
    masks = region_masks(found)
    if frames is not None:
        planes = np.zeros((int(sources[0].NumberOfFrames), *masks.shape[1:]), bool)
        planes[list(frames)] = masks
        masks = planes
    across, along = (_side(volume, stored) for stored in (0, 1))
    thickness = sources[0].get("SliceThickness") or _side(volume, 2)
    measures = highdicom.PixelMeasuresSequence([along, across], thickness, _side(volume, 2))
    with decoding(printable(volume.source), "DICOM"):
        made = highdicom.seg.Segmentation(
            source_images=sources,
            pixel_array=masks,
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[_described(found, region) for region in found.regions],
            series_instance_uid=highdicom.UID(),
            series_number=100,
            sop_instance_uid=highdicom.UID(),
            instance_number=1,
            manufacturer="anomaly-assistant",
            manufacturer_model_name="anomaly-assistant",
            software_versions=_version(),
            device_serial_number="0",
            content_label="ANOMALIES",
            content_description="Regions of anomaly-assistant. Research use.",
            pixel_measures=measures,
            specific_character_set="ISO_IR 192",
        )
    made.SeriesDescription = "Regions of anomaly-assistant"
    return made


def _side(volume: Volume, stored: int) -> float:
    """Millimetres from voxel to voxel along an axis of the source's own array."""
    axis = next(axis for axis, (own, _) in enumerate(volume.stored) if own == stored)
    return volume.spacing_mm[axis]


def _sources(volume: Volume) -> tuple[list[Any], tuple[int, ...] | None]:
    """Headers of the slices in the source's own order; of one file with frames that file, and which frames were taken.

    Raises:
        ImageError: one that a segmentation cannot refer to.
    """
    way = next(way for stored, way in volume.stored if stored == 2)
    named = [split_selector(one) for one in (volume.sources if way > 0 else volume.sources[::-1])]
    if "frame" in named[0][1]:
        return [_header(named[0][0])], tuple(int(selector["frame"]) for _, selector in named)
    return [_header(path) for path, _ in named], None


def _header(path: str) -> Any:
    import pydicom

    name = printable(path)
    with decoding(name, "DICOM"):
        header: Any = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(STATED), force=True)
        lacking = [one for one in IDENTITY if not header.get(one)]
        for one in (*PATIENT, *STUDY):
            if one not in header:
                setattr(header, one, "")
    if lacking:
        do = "take a series with it, or write scores with --score-volume"
        raise ImageError("DICOM slices that a segmentation can refer to", f"no {lacking[0]} in {name}", do)
    return header


def _described(found: VolumeInspection, region: VolumeRegion) -> Any:
    import highdicom
    from pydicom.sr.codedict import codes

    kind = region.type or "lesion"
    sure = "" if region.type_probability is None else f" ({region.type_probability:.0%})"
    told: Any = highdicom.seg.SegmentDescription(
        segment_number=region.id,
        segment_label=_plain(f"{region.id} {kind}, score {region.peak_score:.2f}")[:_LONGEST],
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name="anomaly-assistant",
            family=codes.cid7162.ArtificialIntelligence,
            version=_version()[:_LONGEST],
            parameters={"preset": found.preset, "weights": found.weights, "mode": found.mode.value},
        ),
        tracking_uid=highdicom.UID(),
        tracking_id=f"region {region.id}",
    )
    told.SegmentDescription = _plain(
        f"{kind}{sure}, {region.severity.value}; score {region.peak_score:.4f}, mean {region.mean_score:.4f}; "
        f"{region.volume_ml:.3g} ml"
    )
    return told


def _plain(text: str) -> str:
    r"""Text without the separator of DICOM's values and what is not printed.

    >>> _plain("hole\\crack")
    'hole crack'
    """
    return " ".join(re.sub(r"[\x00-\x1f\\]", " ", text).split())


def _version() -> str:
    try:
        return version("anomaly-assistant")
    except PackageNotFoundError:
        return "0+unknown"
