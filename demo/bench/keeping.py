"""A session -> documents of its project, and back. Each change is written when it is made; what is heavy is read again later."""

from __future__ import annotations

import contextlib
import io
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool

from assistant.errors import AssistantError, ImageError
from assistant.inquiry import Detail, Inquiry
from assistant.pictures.pixels import ImageLimits
from assistant.pictures.scans import read_scan
from assistant.rules.sentence import read_sentence
from assistant.types import THRESHOLD, Answer, Domain, QueryImage, Verdict, WordsOf
from assistant.vision.references.profile import AnomalousReference, Profile
from demo.bench.closely import Closely
from demo.bench.sessions import Asked, Correction, Mark, Picture, Said, Session, Setup
from demo.bench.thresholds import View
from demo.incoming.nameless import keepable
from demo.incoming.planes import Origin, Plane
from demo.projects.project import Project
from demo.scans.kept import scan_of
from demo.scans.look import Scan

INTERRUPTED = "(interrupted)"
"""Said where the server ended before the answer did."""
_INQUIRY = ("object_name", "look_for", "mode", "fixed_camera", "spacing_mm")


def keep_view(session: Session) -> None:
    """Which picture is in view, and by which setups it and those to come are judged."""
    for setup in (session.setup, session.own):
        keep_setup(session, setup)
    picture = session.picture
    told = {
        "current": -1 if picture is None else picture.key, "setup": session.setup.key, "own": session.own.key,
        "at": session.choice.at, "used": session.choice.used,
    }  # fmt: skip
    session.project.put("view", 0, told)


def keep_setup(session: Session, setup: Setup) -> None:
    """How pictures are judged; references that came with corrections are kept as corrections."""
    told = inquiry_as_json(setup.inquiry) | {
        "rule": setup.rule_text, "of_sample": setup.of_sample, "version": setup.version, "files": setup.files,
        "profile": setup.profile_file, "tiles": setup.tiles_file, "scans": [one.document for one in setup.scans],
    }  # fmt: skip
    setup.key = _write(session.project, "setup", setup.key, told)


def inquiry_as_json(inquiry: Inquiry) -> dict[str, Any]:
    """What is asked, as plain values."""
    told = {name: getattr(inquiry, name) for name in _INQUIRY}
    return told | {"domain": None if inquiry.domain is None else inquiry.domain.value, "detail": str(inquiry.detail)}


def inquiry_of(told: dict[str, Any]) -> Inquiry:
    """As :func:`inquiry_as_json` gives it; other keys do not count."""
    spacing = told["spacing_mm"]
    return Inquiry(
        object_name=told["object_name"], look_for=tuple(told["look_for"]), mode=told["mode"],
        fixed_camera=told["fixed_camera"], spacing_mm=None if spacing is None else tuple(spacing),
        domain=None if told["domain"] is None else Domain(told["domain"]),
        detail=Detail.read(told.get("detail", "overview")),
    )  # fmt: skip


def keep_picture(session: Session, picture: Picture) -> None:
    """A picture or scan on disk, how it is judged, and what was found."""
    if picture.origin is None and picture.scan is None:
        return
    if picture.setup.key < 0:
        keep_setup(session, picture.setup)
    told = (_told_of_file(picture) if picture.scan is None else _told_of_scan(picture.scan)) | {
        "setup": picture.setup.key, "threshold": picture.threshold, "judged": picture.judged_version,
        "mark": None if picture.mark is None else asdict(picture.mark),
        "before": None if picture.before is None else asdict(picture.before), "good": picture.good, "of": picture.of,
        "look": picture.look, "closely": picture.closely_file, "refused": picture.refused,
    }  # fmt: skip
    picture.key = _write(session.project, "picture", picture.key, told)
    if picture.view is not None:
        session.project.put("found", picture.key, _found(picture.view))


def _found(view: View) -> dict[str, Any]:
    """What a report of all pictures says of one, which is not kept in memory."""
    inspection = view.inspection
    regions = [
        {
            "id": r.id, "type": r.type or "unknown", "severity": r.severity.value, "cells": list(r.cells),
            "box": list(r.box.as_tuple()), "area_fraction": r.area_fraction, "peak_score": peak,
        }
        for r, peak in zip(inspection.regions, view.peaks, strict=True)
    ]  # fmt: skip
    return {"width": inspection.image.width, "height": inspection.image.height, "regions": regions}


def _told_of_file(picture: Picture) -> dict[str, Any]:
    origin, plane = picture.origin, picture.plane
    assert origin is not None, "a picture on disk"
    at = None if plane is None else {name: getattr(plane, name) for name in ("name", "axis", "index", "window")}
    domain = None if origin.domain is None else origin.domain.value
    return {"file": origin.file.name, "source": origin.source, "plane": at, "domain": domain}


def _told_of_scan(scan: Scan) -> dict[str, Any]:
    at = {"axis": scan.axis, "index": scan.index}
    return {"file": scan.kept.file.name, "source": scan.kept.name, "scan": scan.kept.document, "at": at}


def keep_talk(session: Session, picture: Picture) -> None:
    """The conversation on a picture, with the questions that wait."""
    if picture.key < 0:
        return
    told = {
        "messages": picture.messages, "answers": [asdict(one) for one in picture.answers],
        "waiting": session.waiting_about(picture),
    }  # fmt: skip
    session.project.put("talk", picture.key, told)


def keep_correction(session: Session, correction: Correction) -> None:
    """What a person said of a picture."""
    project = session.project
    masks = {
        name: None if mask is None else project.keep_file(mask_bytes(mask), f"{name}.png")
        for name, mask in (("mask", correction.mask), ("was", correction.was))
    }
    told = {
        "picture": correction.picture.key, "said": correction.said.value, "kind": correction.kind,
        "object_name": correction.object_name, "learned": correction.learned is not None,
        "embedding": None if correction.embedding is None else [float(x) for x in correction.embedding], **masks,
    }  # fmt: skip
    correction.key = _write(project, "correction", correction.key, told)


def forget_correction(session: Session, correction: Correction) -> None:
    """A correction that was undone, with its masks."""
    told = session.project.documents("correction").get(correction.key, {})
    session.project.drop("correction", correction.key)
    for name in filter(None, (told.get("mask"), told.get("was"))):
        session.project.file(name).unlink(missing_ok=True)


def keep_pixels(
    session: Session, image: QueryImage, file: Path | None, domain: Domain | None, limits: ImageLimits
) -> Origin:
    """A picture as a file of the project; a DICOM file without what it says of people.

    Args:
        session: whose.
        image: decoded.
        file: that it was read from; written without loss from its pixels when None.
        domain: told of it.
        limits: what it may cost when it is read again.
    """
    if file is None:
        kept = session.project.keep_file(mask_bytes(cv2.cvtColor(image.pixels, cv2.COLOR_RGB2BGR)), "picture.png")
    else:
        kept = session.project.keep_file(keepable(file, image.source), file.name)
    return Origin(session.project.file(kept), image.source, domain, limits=limits)


def mask_bytes(values: np.ndarray) -> bytes:
    """A mask (bool), or pixels in OpenCV's order, as PNG."""
    shown = values.astype(np.uint8) * 255 if values.dtype == bool else values
    return bytes(cv2.imencode(".png", shown, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def restored(project: Project, folder: Path, limits: ImageLimits) -> Session:
    """The session of a project as it was left; nothing is judged yet.

    What cannot be read is left out and told (``lost``). Its documents and files stay: another time it may be read again.

    Args:
        project: with documents.
        folder: for files to be seen or exported.
        limits: what a picture may cost.
    """
    session = Session(project, folder)
    setups = {key: _setup(project, key, told, limits) for key, told in project.documents("setup").items()}
    talks = project.documents("talk")
    pictures: dict[int, Picture] = {}
    for key, told in project.documents("picture").items():
        try:
            pictures[key] = _picture(project, key, told, setups[told["setup"]], limits)
        except (AssistantError, LookupError, ValueError, OSError):
            session.lost.append(told["source"])
        else:
            _take_up(session, pictures[key], talks.get(key))
    session.pictures = list(pictures.values())
    for key, told in project.documents("correction").items():
        if (picture := pictures.get(told["picture"])) is not None:
            try:
                _correct(session, _correction(project, key, told, picture))
            except (AssistantError, ValueError, OSError):
                session.lost.append(f"a correction of {picture.name}")
    view = project.documents("view").get(0)
    if view is not None and view["setup"] in setups:
        session.use(setups.get(view["own"], session.own))
        session.use(setups[view["setup"]])
        session.choice.at, session.choice.used = view.get("at", THRESHOLD), view.get("used", THRESHOLD)
        keys = list(pictures)
        session.current = keys.index(view["current"]) if view["current"] in pictures else len(keys) - 1
    project.sweep(_named(project))
    return session


def _named(project: Project) -> set[str]:
    """Files that documents name, whether they can be read or not."""
    named = {
        told[which] for told in project.documents("picture").values() for which in ("file", "closely") if which in told
    }
    for told in project.documents("setup").values():
        named |= {name for name, _ in told["files"]} | {told["profile"], *told.get("tiles", ())[:1]}
        named |= {one["file"] for one in told.get("scans", ())}
    for told in project.documents("correction").values():
        named |= {told[which] for which in ("mask", "was")}
    return {name for name in named if name}


def _write(project: Project, kind: str, key: int, told: Any) -> int:
    if key < 0:
        return project.add(kind, told)
    project.put(kind, key, told)
    return key


def _setup(project: Project, key: int, told: dict[str, Any], limits: ImageLimits) -> Setup:
    inquiry = inquiry_of(told)
    setup = Setup(inquiry, rule_text=told["rule"], of_sample=told["of_sample"], key=key, version=told["version"])
    setup.rule = read_sentence(setup.rule_text) if setup.rule_text else None
    setup.tiles_file = _pair(told.get("tiles"))
    setup.files, setup.profile_file = [(name, source) for name, source in told["files"]], told["profile"]
    for name, source in setup.files:
        try:
            setup.references.append(Origin(project.file(name), source, inquiry.domain, limits=limits).read())
        except ImageError:
            setup.lost.append(f"the reference {source}")
    if setup.profile_file:
        try:
            setup.loaded = Profile.load(project.file(setup.profile_file))
        except AssistantError:
            setup.lost.append("the profile")
    for one in told.get("scans", ()):
        try:
            setup.scans.append(scan_of(project, one))
        except ImageError:
            setup.lost.append(f"the reference {one['name']}")
    return setup


def _pair(told: Any) -> tuple[str, str]:
    """A file with what it was made of; empty without."""
    return (str(told[0]), str(told[1])) if told else ("", "")


def _picture(project: Project, key: int, told: dict[str, Any], setup: Setup, limits: ImageLimits) -> Picture:
    if told.get("scan"):
        return _scan(project, key, told, setup)
    domain = None if told["domain"] is None else Domain(told["domain"])
    file = project.file(told["file"])
    if not file.is_file():
        raise ImageError("a picture of the project", "one that is gone", "drop it again")
    origin, plane = Origin(file, told["source"], domain, limits=limits), None
    if (at := told["plane"]) is not None and (scan := read_scan(file)) is not None:
        plane = Plane(file, at["name"], scan, at["axis"], at["index"], at["window"])
        origin = replace(origin, selector=scan.selector(plane.axis, plane.index, plane.window))
    picture = Picture(
        None, setup, threshold=told["threshold"], judged_version=told["judged"], plane=plane, origin=origin, key=key,
        mark=_mark(told["mark"]), before=_mark(told.get("before")), good=told.get("good"), of=told.get("of", ""),
        look=told.get("look", ""), refused=told.get("refused", -1),
    )  # fmt: skip
    if name := told.get("closely", ""):
        with contextlib.suppress(AssistantError, LookupError, ValueError, OSError):  # it is taken again
            picture.closely, picture.closely_file = Closely.of_bytes(project.file(name).read_bytes()), name
    return picture


def _scan(project: Project, key: int, told: dict[str, Any], setup: Setup) -> Picture:
    scan = Scan.opened(scan_of(project, told["scan"]))
    scan.move(None, told["at"]["axis"])
    scan.move(told["at"]["index"])
    return Picture(
        None, setup, threshold=told["threshold"], judged_version=told["judged"], scan=scan, key=key,
        mark=_mark(told["mark"]), before=_mark(told.get("before")), good=told.get("good"), of=told.get("of", ""),
    )  # fmt: skip


def _mark(told: dict[str, Any] | None) -> Mark | None:
    if told is None:
        return None
    return Mark(**told | {"verdict": Verdict(told["verdict"]), "warnings": tuple(told.get("warnings", ()))})


def _take_up(session: Session, picture: Picture, told: dict[str, Any] | None) -> None:
    """The conversation on a picture; an answer that was being written keeps the sentences that were whole."""
    if told is None:
        return
    picture.messages = told["messages"]
    if picture.messages and picture.messages[-1].pop("open", ""):
        written = picture.messages[-1]["content"].strip("… \n")
        picture.messages[-1]["content"] = f"{written}\n\n{INTERRUPTED}".strip()
    for one in told["answers"]:
        stated, words_of = one["stated_verdict"], one.get("words_of")
        typed = {
            "stated_verdict": None if stated is None else Verdict(stated),
            "words_of": None if words_of is None else WordsOf(words_of),
        }
        picture.answers.append(Answer(**one | typed))
    session.waiting.extend(Asked(picture, question) for question in told["waiting"])


def _correction(project: Project, key: int, told: dict[str, Any], picture: Picture) -> Correction:
    embedding = told["embedding"]
    return Correction(
        picture, Said(told["said"]), _mask(project, told["mask"]), told["kind"], told["object_name"],
        _mask(project, told["was"]), picture.image if told["learned"] else None,
        None if embedding is None else np.array(embedding, np.float32), key,
    )  # fmt: skip


def _correct(session: Session, correction: Correction) -> None:
    """A correction with what was learned from it."""
    session.corrections.append(correction)
    correction.picture.corrected.append(correction)
    setup = correction.picture.setup
    if correction.learned is not None and correction.mask is None:
        setup.references.append(correction.learned)
    elif correction.learned is not None:
        setup.anomalous.append(AnomalousReference(correction.learned, correction.mask))


def _mask(project: Project, name: str | None) -> Bool[np.ndarray, "height width"] | None:
    if not name:
        return None
    from PIL import Image

    with Image.open(io.BytesIO(project.file(name).read_bytes())) as opened:
        return np.asarray(opened.convert("L")) > 127
