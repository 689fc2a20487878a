"""Assistant: a picture in, an inspection out, and answers about it. Joins the stages; each stage knows its own job only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from assistant.errors import ConfigError
from assistant.inquiry import ANYTHING, Inquiry, InquiryFields
from assistant.language.choice import chosen_language
from assistant.language.conversation import Conversations
from assistant.pictures.sets import ReadAlike
from assistant.types import Answer, Inspection, QueryImage, ReasoningStep
from assistant.vision.build_profile import build_profile, with_anomalous
from assistant.vision.closer.closer_look import inspect_closely
from assistant.vision.closer.counting import Progress
from assistant.vision.detector import Detector
from assistant.vision.encoded_query import Picture
from assistant.vision.references.kind_examples import KindExamples, named_by_example
from assistant.vision.references.profile import AnomalousReference, Profile
from assistant.volumes.files.reading import VolumeSource
from assistant.volumes.volume import Volume

Scan = Volume | str | Path
"""What is taken for a volume: read, or its path."""

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from assistant.config import LanguageConfig, Preset
    from assistant.language.conversation import Conversation
    from assistant.language.interface import EvidenceKind
    from assistant.volumes.finding import VolumeInspection
    from assistant.volumes.reference_volumes import VolumeReferences
    from assistant.words.scene.dialogue_state import Earlier


class Assistant:
    """A loaded preset.

    >>> import numpy as np
    >>> from assistant import QueryImage
    >>> assistant = Assistant.load("tiny")
    >>> picture = QueryImage(np.full((60, 80, 3), 128, np.uint8), "grey")
    >>> assistant.inspect(picture).mode.value
    'zero_shot'

    Args:
        detector: what looks; pictures encoded by it (:meth:`Detector.encode`) may be scored many times.
    """

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._conversations = Conversations(detector)

    @classmethod
    def load(
        cls,
        preset: str | Path = "mini",
        *,
        device: str | None = None,
        dtype: str | None = None,
        language: LanguageConfig | str | None = None,
    ) -> Assistant:
        """Load a preset by name, file or folder.

        Args:
            preset: name, YAML file or folder.
            device: torch device; a GPU when there is one.
            dtype: ``float32`` or ``bfloat16``; what is faster here when None.
            language: a language model instead of the preset's: a folder, a name on the model hub, the address of a server, or
                ``none``; with more to say, what :func:`assistant.language.choice.chosen_language` gives.

        Raises:
            ConfigError: an unknown preset or device, or a preset whose localizer is not trained.
            WeightsError: towers or trained parts that are missing or do not fit together.
        """
        chosen = chosen_language(language) if isinstance(language, str) else language
        return cls(Detector.load(preset, device=device, dtype=dtype, language=chosen))

    @property
    def preset(self) -> Preset:
        """What was loaded."""
        return self.detector.preset

    @property
    def weights(self) -> str:
        """``sha256:…`` of the trained parts."""
        return self.detector.weights

    def inspect(
        self,
        image: Picture,
        *,
        references: Sequence[Picture] = (),
        anomalous_references: Sequence[AnomalousReference] = (),
        profile: Profile | str | Path | None = None,
        kind_examples: KindExamples | str | Path | None = None,
        **asked: Unpack[InquiryFields],
    ) -> Inspection:
        """Inspect one picture.

        Args:
            image: picture or path.
            references: normal pictures of the same kind of thing.
            anomalous_references: pictures of the defect looked for, with or without masks; they join references or a profile.
            profile: built from references earlier; not together with ``references``.
            kind_examples: regions near to one of them take its kind.
            asked: the fields of an :class:`~assistant.inquiry.Inquiry`: ``object_name`` (plain words), ``look_for`` (phrases),
                ``types`` (names for regions instead of the built-in vocabulary), ``domain``, ``mode`` (``auto``, ``zero-shot``
                without references, ``few-shot`` with them), ``fixed_camera`` (references are aligned with the picture),
                ``score`` (``blend``, ``top1``, ``max`` or ``p99``), ``detail`` (``overview``, ``full``, ``auto``, or the pixels
                of the smallest thing looked for).

        Raises:
            ImageError, ProfileError, ConfigError: with what was expected, what came, what to do.
        """
        inquiry = Inquiry.of(asked)
        examples = self.examples(kind_examples)
        used = self.comparison(inquiry, references, anomalous_references, profile)
        return named_by_example(self.examine(image, inquiry, used), examples)

    def examine(self, image: Picture, inquiry: Inquiry = ANYTHING, comparison: Profile | None = None) -> Inspection:
        """Inspect one picture as an inquiry says.

        Args:
            image: picture or path.
            inquiry: what is asked of it.
            comparison: of :meth:`comparison`, made once for many pictures.

        Raises:
            ImageError, ConfigError: with what was expected, what came, what to do.
        """
        levels = None if comparison is None else comparison.levels
        return inspect_closely(self.detector, self.detector.encode(image, inquiry, levels), comparison)

    def inspect_volume(
        self,
        volume: Scan,
        *,
        references: Sequence[Scan] | VolumeReferences = (),
        axes: str | Sequence[int] | None = None,
        **asked: Unpack[InquiryFields],
    ) -> VolumeInspection:
        """Inspect a whole volume.

        Args:
            volume: a :class:`~assistant.volumes.volume.Volume`, or the path of a NIfTI file, of a DICOM file of many frames, or
                of a folder with the slices of one series.
            references: normal volumes of the same kind, or what :meth:`volume_references` made of them.
            axes: to look along: ``all``, numbers of canonical ones (0 left to right, 1 back to front, 2 feet to head), or the one
                that slices were taken along when None.
            asked: as :meth:`inspect` takes it, but for ``spacing_mm`` and ``score``: a volume has its own.

        Raises:
            ImageError, ProfileError, ConfigError: with what was expected, what came, what to do.
        """
        from assistant.volumes.files.reading import read_volume
        from assistant.volumes.inspecting import chosen_axes, inspect_volume
        from assistant.volumes.reference_volumes import VolumeReferences

        inquiry = Inquiry.of(asked)
        if inquiry.spacing_mm is not None or inquiry.score != ANYTHING.score:
            raise ConfigError("a scale and score of the volume's own", "others", "leave spacing_mm and score out")
        read = read_volume(volume)
        known: VolumeReferences | None = None
        if isinstance(references, VolumeReferences):
            known = references
        inquiry.require_comparable(references=bool(known or references), profile=False, anomalous=False)
        if not isinstance(references, VolumeReferences) and references:
            known = self.volume_references(references, axes=chosen_axes(read, axes), **asked)
        return inspect_volume(self.detector, read, inquiry, known, axes)

    def volume_references(
        self, volumes: Sequence[Scan], *, axes: Sequence[int] | None = None, **asked: Unpack[InquiryFields]
    ) -> VolumeReferences:
        """Normal volumes of one kind, encoded once for many that are compared with them.

        Args:
            volumes: as :meth:`inspect_volume` takes one.
            axes: that will be looked along; the one that the slices of the first were taken along when None.
            asked: as :meth:`inspect` takes it; ``object_name``, ``look_for``, ``fixed_camera`` and ``overkill`` count.

        Raises:
            ImageError, ProfileError, ConfigError: with what was expected, what came, what to do.
        """
        from assistant.volumes.reference_volumes import build_references

        sources = [one if isinstance(one, Volume) else VolumeSource(str(one)) for one in volumes]
        return build_references(self.detector, sources, axes, Inquiry.of(asked))

    def examples(self, given: KindExamples | str | Path | None) -> KindExamples | None:
        """Examples of kinds, read where they are a file; None for none.

        Raises:
            ProfileError: no examples, or some of another preset or other weights.
        """
        known = KindExamples.load(given) if isinstance(given, str | Path) else given
        if known is not None:
            known.check(self.preset.name, self.weights)
        return known

    def comparison(
        self,
        inquiry: Inquiry,
        references: Sequence[Picture] = (),
        anomalous_references: Sequence[AnomalousReference] = (),
        profile: Profile | str | Path | None = None,
        *,
        fit: bool = False,
        progress: Progress | None = None,
    ) -> Profile | None:
        """What pictures are compared with; None for nothing.

        Args:
            inquiry: what is asked of them.
            references: normal pictures.
            anomalous_references: pictures of the defect looked for.
            profile: built from references earlier, or its file.
            fit: as :meth:`build_profile` takes it.
            progress: told of tiles of the references encoded and planned, after each.

        Raises:
            ConfigError: what does not go together (:meth:`Inquiry.require_comparable`).
            ProfileError: a profile of another preset or other weights.
        """
        inquiry.require_comparable(
            references=bool(references), profile=profile is not None, anomalous=bool(anomalous_references)
        )
        if references:
            return build_profile(self.detector, references, inquiry, anomalous_references, fit=fit, progress=progress)
        known = Profile.load(profile) if isinstance(profile, str | Path) else profile
        if known is not None:
            known.check(self.preset.name, self.weights)
            known.require_fit(self.detector.localizer)
        if known is None and not anomalous_references:
            return None
        return with_anomalous(self.detector, known, anomalous_references)

    def build_profile(
        self,
        references: Sequence[Picture],
        *,
        anomalous_references: Sequence[AnomalousReference] = (),
        fit: bool = False,
        **asked: Unpack[InquiryFields],
    ) -> Profile:
        """A reference set as one value that can be saved; see :class:`assistant.vision.references.profile.Profile`.

        Args:
            references: normal pictures.
            anomalous_references: pictures of the defect looked for, with or without masks.
            fit: with 20 normal pictures or more, try to learn a head of this product, and keep it where it helps.
            asked: as :meth:`inspect` takes it; ``object_name``, ``look_for`` and ``fixed_camera`` count.

        Raises:
            ImageError, ProfileError, ConfigError: with what was expected, what came, what to do.
        """
        from assistant.volumes.files.reading import require_pictures

        require_pictures(references)
        return build_profile(self.detector, references, Inquiry.of(asked), anomalous_references, fit=fit)

    def inspect_mutual(self, images: Sequence[Picture], **asked: Unpack[InquiryFields]) -> list[Inspection]:
        """Inspect pictures of one kind of thing against each other; two or more. Scores depend on the set.

        Args:
            images: pictures or paths.
            asked: as :meth:`inspect` takes it.

        Raises:
            ProfileError: fewer than two pictures.
            ConfigError: a closer look, which is not taken here.
        """
        inquiry = Inquiry.of(asked)
        inquiry.require_overview()
        alike = ReadAlike(images)
        return list(self.detector.score_mutual([self.detector.encode(image, inquiry) for image in alike]))

    def open(
        self, inspection: Inspection, evidence: EvidenceKind | None = None, others: Sequence[Earlier] = ()
    ) -> Conversation:
        """A conversation about an inspected picture; the language model is loaded when one is first needed.

        Args:
            inspection: of the picture.
            evidence: what the language model is told where it is to answer alone; None for answers led from the facts.
            others: further pictures of the session, for questions that compare.
        """
        return self._conversations.open(inspection, evidence, others)

    def ask(
        self, inspection: Inspection, questions: Sequence[str], *, evidence: EvidenceKind | None = None
    ) -> list[Answer]:
        """Answers to questions about an inspected picture, in the order asked: one conversation."""
        return self.ask_together([inspection], questions, evidence=evidence)[0]

    def ask_together(
        self, inspections: Sequence[Inspection], questions: Sequence[str], *, evidence: EvidenceKind | None = None
    ) -> list[list[Answer]]:
        """Answers to the same questions about several pictures, a list a picture, written as one batch."""
        return self._conversations.ask_together(inspections, questions, evidence)

    def reason(self, inspection: Inspection) -> tuple[ReasoningStep, ...]:
        """The verdict reasoned out: look, compare, conclude, each checked against the facts, with the regions it speaks of.

        Raises:
            WeightsError: a language model that is needed and cannot be had.
        """
        from assistant.language.reasoned import reasoned
        from assistant.vocabulary.knowledge import load_knowledge
        from assistant.words.wording import is_medical

        return reasoned(self.open(inspection), is_medical(inspection, load_knowledge()))

    @property
    def language_tokens(self) -> int:
        """Read and written so far by a language model that is told the facts in words, as far as it says; 0 of others."""
        return self._conversations.tokens

    def stream(
        self, inspection: Inspection, question: str, *, evidence: EvidenceKind | None = None, stop: Event | None = None
    ) -> Iterator[Answer]:
        """The answer to one question as it grows; the last one is checked. For several questions use :meth:`open`."""
        yield from self.open(inspection, evidence).stream(question, stop=stop)

    def warm_up(self) -> None:
        """Look at a grey picture, answer a question, let the language model write a word: what comes next is quick.

        Raises:
            WeightsError: a language model that cannot be had.
        """
        found = self.inspect(QueryImage(np.full((96, 128, 3), 128, np.uint8), "warm-up"))
        if self.preset.language.kind == "none":
            return
        self.open(found).ask("Is anything wrong here?")
        pieces = self.open(found, "both").stream("Is anything wrong here?")
        try:
            next(pieces, None)
        finally:
            pieces.close()  # type: ignore[attr-defined]  # a generator, typed as an iterator

    def caption(self, inspection: Inspection) -> str:
        """The inspection in plain words, from its numbers alone."""
        from assistant.vocabulary.knowledge import load_knowledge
        from assistant.words.evidence import caption

        return caption(inspection, load_knowledge())
