"""Chat completions of OpenAI's API: what a client sends -> pictures and questions; answers -> completions and their pieces.

Taken: ``model``, ``messages`` with texts and pictures as data URLs, ``stream``, ``response_format`` of text or ``json_object``
(the report as JSON instead of an answer). Taken and without effect, since answers are led from measurements: ``temperature``
and the like, ``max_tokens``, ``stop``, ``tools``, messages of the system. Refused: addresses of pictures, several choices, a
schema of the client's own.
"""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.errors import ConfigError, ImageError
from assistant.inquiry import OVERKILL
from assistant.pictures.pixels import ImageLimits
from assistant.serving.pictures import Asked, Sent, decoded_url
from assistant.serving.service import Turns
from assistant.types import Answer, Inspection

FIELD = "anomaly_assistant"
"""Of a request: what is asked of the picture; of a completion: the inspection as a row."""
MOST_MESSAGES = 200
MOST_PICTURES = 8


class Lenient(BaseModel):
    """Fields that are not known have no effect, as with other servers."""

    model_config = ConfigDict(extra="ignore")


class ImageUrl(Lenient):
    """Where a picture is: in the URL itself."""

    url: str


class Part(Lenient):
    """A piece of a message."""

    type: str
    text: str | None = None
    image_url: ImageUrl | str | None = None


class Message(Lenient):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[Part], Field(max_length=64)] | None = None


class ResponseFormat(Lenient):
    """What the answer is written in."""

    type: Literal["text", "json_object", "json_schema"] = "text"


class AskedOfPicture(BaseModel):
    """What is asked of the picture beside the question; see the options of ``inspect``."""

    model_config = ConfigDict(extra="forbid")

    object_name: str | None = None
    look_for: Annotated[list[str], Field(max_length=64)] = []
    types: Annotated[list[str], Field(max_length=64)] = []
    domain: str | None = None
    mode: str = "auto"
    profile: str | None = None
    references: Annotated[list[str], Field(max_length=1000)] = []
    fixed_camera: bool = False
    score: str = "blend"
    overkill: float = OVERKILL
    mm_per_pixel: str | None = None
    detail: str = "auto"


class CompletionRequest(BaseModel):
    """The body of ``POST /v1/chat/completions``; fields of the API that are not read have no effect, as with other servers."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: bool = False
    n: int | None = 1
    response_format: ResponseFormat | None = None
    anomaly_assistant: AskedOfPicture = AskedOfPicture()

    @property
    def as_json(self) -> bool:
        """Whether the report as JSON is wanted.

        Raises:
            ConfigError: a schema of the client's own, or several choices.
        """
        if self.n not in (None, 1):
            raise ConfigError("one choice", f"n = {self.n}", "leave n out: the answer is the same each time")
        kind = "text" if self.response_format is None else self.response_format.type
        if kind == "json_schema":
            do = 'ask for {"type": "json_object"}: the report has a schema of its own'
            raise ConfigError("a response_format of text or json_object", kind, do)
        return kind == "json_object"

    def turns(self, limits: ImageLimits) -> Turns:
        """The conversation, read.

        Raises:
            ImageError, ConfigError: what is wrong with it.
        """
        if astray := sorted((self.model_extra or {}).keys() & AskedOfPicture.model_fields.keys()):
            raise ConfigError(f"{astray[0]} in the field {FIELD}", "it beside that", f'write {{"{FIELD}": {{…}}}}')
        pictures: list[Sent] = []
        questions: list[str] = []
        sent, said = list[Sent](), ""
        for message in self.messages:
            if message.role != "user":
                continue
            sent, said = _read(message, len(pictures), limits)
            if sent:
                pictures, questions = [*pictures, *sent], []
            if said:
                questions.append(said)
        if not (sent or said) and self.messages[-1].role == "user":
            raise ConfigError("a question or a picture in the last message", "nothing", "write one")
        if not pictures:
            do = "send one as image_url with a data URL, then ask"
            raise ImageError("a picture in the conversation", "words alone", do)
        if len(pictures) > MOST_PICTURES:
            do = "begin another conversation"
            raise ConfigError(f"at most {MOST_PICTURES} pictures in a conversation", str(len(pictures)), do)
        if self.messages[-1].role != "user":
            raise ConfigError("a message of the user at the end", f"one of {self.messages[-1].role}", "ask something")
        return Turns(tuple(pictures), tuple(questions), self.anomaly_assistant_asked(limits))

    def anomaly_assistant_asked(self, limits: ImageLimits) -> Asked:
        """What is asked of the picture, references decoded.

        Raises:
            ImageError: a reference that is no data URL.
        """
        told = self.anomaly_assistant.model_dump()
        references = tuple(
            decoded_url(url, f"reference {number}", limits) for number, url in enumerate(told.pop("references"), 1)
        )
        look_for, types = tuple(told.pop("look_for")), tuple(told.pop("types"))
        return Asked(**told, look_for=look_for, types=types, references=references)


def _read(message: Message, before: int, limits: ImageLimits) -> tuple[list[Sent], str]:
    """Pictures and words of a message."""
    if message.content is None or isinstance(message.content, str):
        return [], (message.content or "").strip()
    sent: list[Sent] = []
    said: list[str] = []
    for part in message.content:
        if part.type in ("text", "input_text"):
            said.append(part.text or "")
        elif part.type in ("image_url", "input_image"):
            url = part.image_url.url if isinstance(part.image_url, ImageUrl) else part.image_url
            sent.append(decoded_url(url, f"picture {before + len(sent) + 1}", limits))
        else:
            raise ConfigError("parts of type text and image_url", part.type[:40], "leave the others out")
    return sent, "\n".join(said).strip()


class Completion:
    """One answer in the words of the API.

    Args:
        model: as the client named it.
    """

    def __init__(self, model: str) -> None:
        self._head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}

    def whole(self, text: str, told: dict[str, Any]) -> dict[str, Any]:
        """The completion; ``told`` is what stands in the field of ours."""
        choice = {
            "index": 0, "message": {"role": "assistant", "content": text, "refusal": None},
            "finish_reason": "stop", "logprobs": None,
        }  # fmt: skip
        return {**self._head, "object": "chat.completion", "choices": [choice], FIELD: told}

    def piece(
        self, text: str | None = None, *, last: bool = False, told: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """A piece of it: words, or nothing but its end."""
        delta: dict[str, Any] = {} if text is None else {"role": "assistant", "content": text}
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if last else None, "logprobs": None}
        own = {} if told is None else {FIELD: told}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice], **own}


class Growing:
    """Words of an answer that grows, as pieces that are never taken back.

    What an answer led from facts has shown stays. Where one is replaced all the same, the new one follows in a line of its own.
    """

    def __init__(self) -> None:
        self._shown = ""

    def new(self, answer: Answer) -> str:
        """What is new; empty where nothing is."""
        if answer.text.startswith(self._shown):
            added = answer.text[len(self._shown) :]
        elif self._shown.startswith(answer.text):
            return ""
        else:
            added = f"\n\n{answer.text}"
        self._shown = answer.text
        return added


def told_of(inspection: Inspection, answer: Answer) -> dict[str, Any]:
    """What stands in the field of ours: the row of the inspection, with the answer in it."""
    from assistant.report import inspection_row

    answers = [answer] if answer.question else []
    return {"inspection": inspection_row(inspection, answers=answers)}
