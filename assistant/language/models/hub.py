"""Any transformers image-text-to-text model, with the prompt embeddings of our map at placeholder tokens.

The model sees the picture through its own vision tower, which runs once a conversation: later turns go on from the cache.
What the processor makes of a picture (its tokens, pixels, positions) is taken as it is, so that every family's own way of
merging image features stays in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from torch import Tensor

from assistant.config import LanguageConfig
from assistant.language.interface import TokenDialogue
from assistant.language.models.hub_inputs import ImageInput, Looker, image_ids, model_inputs, processor_look
from assistant.language.models.hub_parts import VlmParts, load_vlm_parts
from assistant.language.models.trained import Inputs, TrainedLanguageModel
from assistant.language.tokens.chat_template import Slots
from assistant.language.tokens.generation import DecodingOptions
from assistant.language.tokens.injection import inject
from assistant.language.tokens.projector import EncodedImage
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS
from assistant.types import Inspection


class TransformersVLM(TrainedLanguageModel):
    """An image-text-to-text model that is also shown the map.

    Args:
        parts: trained; the model in evaluation mode.
        decoding: how words are chosen.
        look: how the model takes pictures; by its processor when None.
    """

    def __init__(self, parts: VlmParts, decoding: DecodingOptions | None = None, look: Looker | None = None) -> None:
        reserved = (parts.anomaly_id, *image_ids(parts.model))
        super().__init__(parts.model, parts.renderer, parts.prompt_learner, reserved, decoding)
        self.look, self.anomaly_id = look or processor_look(parts.processor), parts.anomaly_id

    @classmethod
    def load(cls, config: LanguageConfig, folder: Path, decoding: DecodingOptions | None = None) -> TransformersVLM:
        """A model of the hub by name or by folder, with the trained parts of another folder.

        Raises:
            WeightsError: a model or parts that cannot be had, or parts of another model.
        """
        return cls(load_vlm_parts(folder, config, merge=True), decoding)

    def _look(self, inspection: Inspection, encoded: EncodedImage | None) -> ImageInput:
        (image,), _ = self.look([inspection.image.pixels])
        return image

    def _slots(self, image: ImageInput, told: bool) -> Slots:
        return Slots(image.ids, (self.anomaly_id,) * PROMPT_TOKENS if told else ())

    def _showing(self, images: Sequence[ImageInput], prompts: Sequence[Tensor]) -> AbstractContextManager[None]:
        return inject(self.model, self.anomaly_id, prompts)

    def _inputs(self, dialogues: Sequence[TokenDialogue]) -> Inputs:
        """The pictures, which are looked at together where there are several."""
        images = {row: one.shown.image for row, one in enumerate(dialogues)}
        together = images[0].inputs
        if len(dialogues) > 1:
            _, together = self.look([one.inspection.image.pixels for one in dialogues])
        return lambda ids: model_inputs(images, together, ids, self.model.device)
