"""All of a project as one file: pictures as they came, what was found, said and corrected."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from demo.bench.sessions import Session

KINDS = ("setup", "picture", "talk", "correction")


def write(session: Session) -> Path:
    """The project zipped into the session's folder: ``files/…`` and a JSON file a kind of document."""
    path = session.folder / "project.zip"
    project = session.project
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for kind in KINDS:
            told = [{"number": key, **value} for key, value in project.documents(kind).items()]
            archive.writestr(f"{kind}s.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")
        for file in sorted(project.files.iterdir()):
            archive.write(file, f"files/{file.name}")
    return path
