"""What a user names as a language model, and what that may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.config import LanguageConfig, load_preset
from assistant.errors import ConfigError
from assistant.language.choice import KEY, chosen_language, told_of
from assistant.language.writers.server import ServerWriter


def test_a_folder_a_name_an_address_and_nothing(tmp_path: Path) -> None:
    assert chosen_language(str(tmp_path)).kind == "local"
    assert chosen_language("HuggingFaceTB/SmolVLM2-2.2B-Instruct", quantization="nf4").quantization == "nf4"
    assert chosen_language("http://localhost:8080/v1", model="a", in_flight=9).in_flight == 9
    assert chosen_language("none").kind == "none"


@pytest.mark.parametrize(
    ("named", "options", "told"),
    [
        ("models/that/is/not/there", {}, "check the path"),
        ("./nothing", {}, "check the path"),
        ("smollm", {}, "check the path"),
        ("", {}, "check the path"),
        ("http://10.0.0.7:8080/v1", {}, "--allow-remote"),
        ("https://api.example.org/v1", {}, "--allow-remote"),
        ("http://127.0.0.1.example.org/v1", {}, "--allow-remote"),
        ("http://localhost.example.org/v1", {}, "--allow-remote"),
        ("http://0.0.0.0:8080/v1", {}, "--allow-remote"),
        ("http://169.254.169.254/latest", {}, "--allow-remote"),
        ("ftp://127.0.0.1/v1", {}, "mend it"),
        ("file:///etc/passwd", {}, "mend it"),
        ("http://127.0.0.1:99999/v1", {}, "mend it"),
        ("http://127.0.0.1/v1 x", {}, "mend it"),
        ("http://127.0.0.1/\r\nHost: evil", {}, "mend it"),
        ("http://me:secret@127.0.0.1/v1", {}, KEY),
        ("ftp://me:secret@127.0.0.1/v1", {}, KEY),
        ("http://127.0.0.1/v1?key=secret", {}, KEY),
        ("owner/name", {"model": "a"}, "--model"),
        ("owner/name", {"remote": True}, "--allow-remote"),
        ("http://127.0.0.1/v1", {"quantization": "nf4"}, "start the server"),
        ("http://127.0.0.1/v1", {"in_flight": 0}, "in_flight"),
    ],
)
def test_what_cannot_be_meant_is_refused(named: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        chosen_language(named, **options)
    assert "secret" not in str(caught.value)


def test_another_machine_is_asked_with_leave_and_what_is_sent_is_told() -> None:
    far = chosen_language("http://10.0.0.7:8080/v1", remote=True)
    assert told_of(far, {}) is not None
    assert "the picture" in str(told_of(far, {}))
    assert "unencrypted, the key too" in str(told_of(far, {KEY: "x"}))
    assert "unencrypted" not in str(told_of(chosen_language("https://a.org/v1", remote=True), {KEY: "x"}))
    assert told_of(chosen_language("http://127.0.0.1:8080/v1"), {}) is None


def test_a_preset_file_sends_nothing_to_another_machine(tmp_path: Path) -> None:
    text = Path("assistant/presets/tiny/preset.yaml").read_text()
    file = tmp_path / "preset.yaml"
    file.write_text(f"{text}language: {{kind: server, name: 'https://far.org/v1', remote: true}}\n")
    with pytest.raises(ConfigError, match="--allow-remote"):
        load_preset(file)
    with pytest.raises(ConfigError, match="--allow-remote"):
        ServerWriter.of(LanguageConfig(kind="server", name="https://far.org/v1"))
