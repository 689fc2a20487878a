"""Whole small files of every kind that something here reads, made by the libraries that people write them with."""

from __future__ import annotations

import base64
import gzip
import io
import itertools
import json
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from PIL import Image

from data_builders.annotations.marks import coco_masks

SIDES = (24, 36)
"""(height, width) of every picture."""


def picture_seeds() -> Mapping[str, list[bytes]]:
    """Files by kind: every one that is read (extras ``heic`` and ``medical``), and a map."""
    import imagecodecs

    y, x = np.mgrid[: SIDES[0], : SIDES[1]]
    grey = (5 * y + 3 * x).astype(np.uint8)
    rgb = np.stack([grey, grey[::-1], grey[:, ::-1]], 2)
    deep = grey.astype(np.uint16) * 257
    alpha = np.dstack([rgb, grey])
    seeds: dict[str, list[bytes]] = {
        "png": [_pillow(v, "PNG") for v in (grey, rgb, alpha, deep, grey > 90)] + [_palette("PNG"), _exif("PNG", rgb)]
        + [cv2.imencode(".png", rgb.astype(np.uint16) * 257)[1].tobytes(), _animated("PNG")],
        "jpeg": [_pillow(grey, "JPEG"), _pillow(rgb, "JPEG", progressive=True), _exif("JPEG", rgb), _cmyk()],
        "tiff": _tiffs(grey, rgb, deep),
        "bmp": [_pillow(v, "BMP") for v in (grey, rgb, alpha, grey > 90)] + [_palette("BMP")],
        "gif": [_palette("GIF"), _animated("GIF")],
        "webp": [_pillow(rgb, "WEBP"), _pillow(alpha, "WEBP", lossless=True), _animated("WEBP")],
        "map": [_pillow(deep, "PNG")],
        "npy": [_npy(grey), _npy(grey > 90), _npy(grey.astype(np.float64)), _npy(alpha)],
        "avif": [_pillow(rgb, "AVIF"), _pillow(alpha, "AVIF"), bytes(imagecodecs.avif_encode(deep >> 6, bitspersample=10))],
        "jp2": [_pillow(rgb, "JPEG2000"), bytes(imagecodecs.jpeg2k_encode(deep, level=0, reversible=True))],
        "jxl": [bytes(imagecodecs.jpegxl_encode(v, lossless=True)) for v in (grey, rgb, deep)],
    }  # fmt: skip
    return {**seeds, "heic": _heics(rgb, deep), "dicom": _dicoms(grey, rgb), "nifti": _niftis(grey)}


def mask_seeds() -> Mapping[str, list[bytes]]:
    """Masks by kind of file."""
    spot = np.zeros(SIDES, np.uint8)
    spot[5:15, 8:20] = 1
    black = np.zeros_like(spot)
    layer, colour = np.dstack([black, spot * 255, black, spot * 255]), np.dstack([black, spot * 9, black])
    deep = cv2.imencode(".png", colour.astype(np.uint16))[1].tobytes()
    greys = [spot, spot * 255, spot > 0]
    return {
        "png": [_pillow(v, "PNG") for v in (*greys, spot.astype(np.uint16), layer, colour)] + [deep, _palette("PNG")],
        "tiff": _tiffs(spot, colour, spot.astype(np.uint16), masks=True),
        "bmp": [_pillow(v, "BMP") for v in (*greys, colour)] + [_palette("BMP")],
        "gif": [_palette("GIF"), _pillow(spot, "GIF")],
        "webp": [_pillow(colour, "WEBP", lossless=True), _pillow(layer, "WEBP", lossless=True)],
        "jpeg": [_pillow(spot * 255, "JPEG")],
        "npy": [_npy(v) for v in (*greys, spot.astype(np.float64))],
        "dicom": _dicoms(spot, None),
        "nifti": _niftis(spot, 1),
    }


def text_seeds() -> Mapping[str, list[bytes]]:
    """Lists, tables, rules, questions and annotations by what they are."""
    lines = "parts/a.png\nparts/b ü.png\n"
    table = 'Source;Object Name;references\nparts/a.png;lid;r/1.png,r/2.png\n"b;c.png";"a ""lid""";\n'
    rows = "".join(
        json.dumps({"source": f"{n}.png", "object_name": "lid", "references": ["r.png"]}) + "\n" for n in range(3)
    )
    question = {
        "Question": "Is there a defect?",
        "Options": {"A": "Yes", "B": "No"},
        "Answer": "A",
        "type": "Anomaly Detection",
    }
    asked = {"d/o/a.png": {"conversation": [question], "random_templates": ["d/o/t.png"], "similar_templates": []}}
    rule = "reject:\n  - {kind: crack, longer_than: 2 mm}\n  - zone: [0.2, 0.0, 0.8, 0.1]\naccept_otherwise: true\n"
    visa = "object,split,label,image,mask\nlid,train,normal,a.png,\nlid,test,anomaly,b.png,b_mask.png\n"
    iad_row = {"anomaly_class": "OK", "image_path": "a.png", "mask_path": None}
    iad = {
        "meta": {"normal_class": "OK", "prefix": "lid/"},
        "train": [iad_row],
        "test": [{**iad_row, "anomaly_class": "BX"}],
    }
    seeds: dict[str, list[Any]] = {
        "list": [lines, lines.encode("utf-16"), lines.encode("utf-8-sig"), lines.replace("\n", "\0")],
        "table": [table, table.encode("utf-16"), table.replace(";", "\t"), "sep=|\n" + table.replace(";", "|")],
        "rows": [rows, rows.encode("utf-16")],
        "questions": [asked],
        "rule": [rule],
        "visa": [visa],
        "real-iad": [iad],
        **_annotations(),
    }
    return {name: [_bytes(one) for one in some] for name, some in seeds.items()}


def _bytes(one: Any) -> bytes:
    if isinstance(one, bytes):
        return one
    return (one if isinstance(one, str) else json.dumps(one, indent=1)).encode()


def _annotations() -> dict[str, list[Any]]:
    height, width = SIDES
    ring = [2.5, 3.0, 20.0, 4.5, 15.0, 18.0]
    runs = coco_masks().encode(np.asfortranarray(np.eye(height, width, dtype=np.uint8)))["counts"].decode()
    image = {"id": 1, "file_name": "a.png", "height": height, "width": width}
    shapes: list[dict[str, Any]] = [
        {"segmentation": [ring], "bbox": [2, 3, 18, 15]}, {"bbox": [1, 2, 5, 6]},
        {"segmentation": {"size": [height, width], "counts": [100, 20, height * width - 120]}},
        {"segmentation": {"size": [height, width], "counts": runs}},
    ]  # fmt: skip
    marks = [{"id": n, "image_id": 1, "category_id": 2, "iscrowd": 0, **shape} for n, shape in enumerate(shapes)]
    buffer = io.BytesIO()
    Image.fromarray(np.ones((3, 4), np.uint8)).save(buffer, "PNG")
    packed = base64.b64encode(buffer.getvalue()).decode()
    kinds = (("polygon", [[1, 1], [9, 2], [5, 9]]), ("rectangle", [[1, 1], [9, 8]]), ("circle", [[9, 9], [12, 9]]),
             ("linestrip", [[1, 1], [9, 9], [2, 12]]), ("point", [[4, 4]]))  # fmt: skip
    labelme: list[dict[str, Any]] = [
        {"label": "dent", "shape_type": kind, "points": points, "group_id": None} for kind, points in kinds
    ]
    labelme.append({"label": "dent", "shape_type": "mask", "points": [[2, 3], [5, 5]], "mask": packed, "group_id": 1})
    about = {"original_width": width, "original_height": height, "image_rotation": 0}
    spot = np.zeros(SIDES, np.uint8)
    spot[5:15, 8:20] = 1
    brush = _brush(spot)
    values: list[dict[str, Any]] = [
        {"x": 5, "y": 5, "width": 40, "height": 30, "rotation": 20, "rectanglelabels": ["dent"]},
        {"points": [[5, 5], [50, 6], [30, 70]], "polygonlabels": ["dent"]},
        {"x": 50, "y": 50, "radiusX": 10, "radiusY": 5, "ellipselabels": ["dent"]},
        {"format": "rle", "rle": brush, "brushlabels": ["dent"]},
        {"imageDataURL": f"data:image/png;base64,{packed}", "bitmasklabels": ["dent"]},
    ]  # fmt: skip
    results = [{"id": str(n), "type": "x", "value": value, **about} for n, value in enumerate(values)]
    cvat = (
        f'<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><image id="0" name="a.png" width="{width}" '
        f'height="{height}"><polygon label="dent" points="1.5,2;20,3;9,15"/><box label="dent" xtl="1" ytl="2" xbr="9" ybr="8" '
        'rotation="12"/><ellipse label="dent" cx="9" cy="9" rx="4" ry="3"/><mask label="dent" rle="1, 3, 4" left="2" top="3" '
        'width="4" height="2"/><polyline label="dent" points="1,2;3,4"/></image></annotations>'
    )
    voc = (
        f"<annotation><filename>a.png</filename><size><width>{width}</width><height>{height}</height></size><object><name>dent"
        "</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>8</ymax></bndbox></object></annotation>"
    )
    return {
        "coco": [{"images": [image], "annotations": marks, "categories": [{"id": 2, "name": "dent"}]}],
        "labelme": [{"shapes": labelme, "imagePath": "a.png", "imageHeight": height, "imageWidth": width}],
        "label-studio": [[{"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": results}]}]],
        "cvat": [cvat], "voc": [voc],
        "yolo": ["0 0.5 0.5 0.2 0.1\n1 0.1 0.1 0.5 0.1 0.5 0.5\n"],
    }  # fmt: skip


def _pillow(values: np.ndarray, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, kind, **options)
    return buffer.getvalue()


def _palette(kind: str) -> bytes:
    image = Image.fromarray((np.arange(SIDES[0] * SIDES[1]) % 5).astype(np.uint8).reshape(SIDES)).convert("P")
    image.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 9, 9, 9, 255, 255, 255] + [0] * 753)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def _exif(kind: str, values: np.ndarray) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _pillow(values, kind, exif=exif)


def _animated(kind: str) -> bytes:
    frames = [Image.fromarray(np.full(SIDES, shade, np.uint8)) for shade in (0, 90, 200)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _cmyk() -> bytes:
    buffer = io.BytesIO()
    Image.new("CMYK", SIDES[::-1], (9, 80, 90, 10)).save(buffer, "JPEG")
    return buffer.getvalue()


def _tiffs(grey: np.ndarray, rgb: np.ndarray, deep: np.ndarray, masks: bool = False) -> list[bytes]:
    import tifffile

    def written(values: np.ndarray, **options: Any) -> bytes:
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, values, **options)
        return buffer.getvalue()

    names = ["tiff_lzw", "tiff_adobe_deflate", "packbits", *([] if masks else ["jpeg"])]
    packed = [_pillow(grey, "TIFF", compression=name) for name in names]
    packed += [] if masks else [written(np.stack([grey, grey])), written(grey, photometric="miniswhite")]
    return [
        *packed, _pillow(grey > 90, "TIFF", compression="group4"), _palette("TIFF"), written(deep), written(rgb),
        written(grey.astype(np.float32)), written(deep, tile=(16, 16)), written(deep, byteorder=">"),
        written(np.moveaxis(rgb, 2, 0), photometric="rgb", planarconfig="separate"),
        written(deep, bigtiff=True, compression="zlib", predictor=True),
    ]  # fmt: skip


def _npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _heics(rgb: np.ndarray, deep: np.ndarray) -> list[bytes]:
    """Of 8 and of 10 bits."""
    import pillow_heif

    made = []
    for values, mode in ((rgb, "RGB"), (np.repeat(deep[..., None], 3, 2), "RGB;16")):
        buffer = io.BytesIO()
        pillow_heif.encode(mode, SIDES[::-1], values.tobytes(), buffer, quality=80)
        made.append(buffer.getvalue())
    return made


def _dicoms(grey: np.ndarray, rgb: np.ndarray | None) -> list[bytes]:
    """Plain, in colour, of several frames with a window, run-length encoded, and deflated."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import (
        UID,
        DeflatedExplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        RLELossless,
        SecondaryCaptureImageStorage,
        generate_uid,
    )  # fmt: skip

    def made(values: np.ndarray, syntax: str, **elements: Any) -> bytes:
        file = Dataset()
        file.file_meta = FileMetaDataset()
        file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == RLELossless else UID(syntax)
        file.SOPClassUID, file.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid(entropy_srcs=["seed"])
        colour = values.ndim == 3
        file.Rows, file.Columns = SIDES
        file.SamplesPerPixel, file.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
        if colour:
            file.PlanarConfiguration = 0
        bits = values.dtype.itemsize * 8
        file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = bits, bits, bits - 1, 0
        for name, value in elements.items():
            setattr(file, name, value)
        file.PixelData = values.tobytes() * int(elements.get("NumberOfFrames", 1))
        if syntax == RLELossless:
            file.compress(RLELossless)
        buffer = io.BytesIO()
        file.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()

    deep = grey.astype(np.uint16) * 16
    window = {"WindowCenter": 2000, "WindowWidth": 3000, "RescaleSlope": 2, "RescaleIntercept": -1024, "Modality": "CT"}
    more = (
        [] if rgb is None else [made(rgb, ExplicitVRLittleEndian), made(grey, ExplicitVRLittleEndian, NumberOfFrames=3)]
    )
    return [
        made(deep, ExplicitVRLittleEndian, **window), made(grey, ImplicitVRLittleEndian), made(grey, RLELossless),
        made(deep, DeflatedExplicitVRLittleEndian, PixelPaddingValue=0), *more,
    ]  # fmt: skip


def _niftis(grey: np.ndarray, slices: int = 3) -> list[bytes]:
    import nibabel

    volume = np.stack([grey.T] * slices, 2)
    turned = np.diag([-1.0, 1.0, 2.0, 1.0])
    kinds = [
        nibabel.Nifti1Image(volume.astype(np.int16), np.eye(4)), nibabel.Nifti1Image(volume.astype(np.float32), turned),
        nibabel.Nifti2Image(volume, np.eye(4)), nibabel.Nifti1Image(volume[:, :, :1], np.eye(4)),
    ]  # fmt: skip
    plain = [kind.to_bytes() for kind in kinds]
    return [*plain, gzip.compress(plain[0], 1)]


def _brush(mask: np.ndarray) -> list[int]:
    """Bytes of a brush of Label Studio: one run a value, four values a pixel."""
    values = np.repeat(mask.astype(np.uint8).ravel() * 255, 4)
    edges = [0, *(np.flatnonzero(np.diff(values)) + 1), len(values)]
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 8, 12, 16))
    for start, end in itertools.pairwise(edges):
        bits += f"1{3:02b}{end - start - 1:016b}{values[start]:08b}"
    bits += "0" * (-len(bits) % 8)
    return [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
