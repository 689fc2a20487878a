"""All of a project as one file: pictures as they came, what was found, said and corrected."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from demo.bench.sessions import Session

KINDS = ("setup", "picture", "talk", "correction", "found", "label")


def write(session: Session) -> Path:
    """The project zipped into the session's folder: ``files/…``, a JSON file a kind of document, and the rows of its folder."""
    path = session.folder / "project.zip"
    project = session.project
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for kind in KINDS:
            told = [{"number": key, **value} for key, value in project.documents(kind).items()]
            archive.writestr(f"{kind}s.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")
        for file in sorted(project.files.iterdir()):
            archive.write(file, f"files/{file.name}")
        if session.rows.path is not None and session.rows.path.is_file():
            archive.write(session.rows.path, "folder_results.jsonl")
    return path
