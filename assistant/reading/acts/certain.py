"""The few turns of phrase whose act is certain whatever stands around them."""

from __future__ import annotations

import re

from assistant.reading.acts.act import Act

_LENGTH_UNIT = r"(?:mm|cm|millimet(?:re|er)s?|centimet(?:re|er)s?|pixels?|px|inch(?:es)?|microns?|µm|um)"
_LINE = r"(?:crack|scratch|tear|cut|hair|fibre|fiber|line|weld)"
_ITS_NAME = r"(?:that|this|the|your|such an?) (?:\w+ )?(?:label|name|kind|class|term|tag|category)"
_RULES: tuple[tuple[Act, re.Pattern[str]], ...] = tuple(
    (act, re.compile(pattern, re.IGNORECASE))
    for act, pattern in (
        (
            Act.SCALE,
            r"^(?!.*(?:\?|\blimits?\b|\btoleranc|\bmax|\ballow)).*\b(?:is|has|measures|of|=)\b"
            rf".*\d ?{_LENGTH_UNIT} (?:wide|long|high|tall|across)\b",
        ),
        (Act.SCALE, rf"\b(?:one|a|1|\d+) ?(?:px|pixels?) (?:is|are|=|equals?|makes?) (?:about )?\d*[.,]?\d+ ?{_LENGTH_UNIT}\b"),
        (Act.SCALE, rf"^(?!.*\?).*\b(?:px|pixel|voxel) ?(?:size|pitch|spacing)\b\D{{0,20}}\d*[.,]?\d+ ?{_LENGTH_UNIT}\b"),
        (Act.SCALE, rf"^(?!.*\?).*\d ?{_LENGTH_UNIT} ?(?:/|per) ?(?:px|pixel)\b"),
        (Act.SCALE, rf"^(?!.*\?).*\b(?:od|dia|diam|diameter)\b(?: is| of| =|:)? ?(?:about )?\d*[.,]?\d+ ?{_LENGTH_UNIT}\b"),
        (Act.SCALE, rf"^(?!.*\?).*\bscale ?bar\b.*\d ?{_LENGTH_UNIT}\b"),
        (Act.LENGTH, rf"\bhow long is (?:the|this|that) (?:\w+ )?{_LINE}\b|\bhow long\b.*\bin {_LENGTH_UNIT}\b"),
        (Act.WIDTH, rf"\bhow (?:wide|thick|broad) is (?:the|this|that) (?:\w+ )?{_LINE}\b"),
        (Act.DEPTH, r"\bhow deep\b|\bdepth of\b"),
        (Act.COUNT, r"^\W*how many (?:defects?|regions?|flaws?|cracks?|scratch(?:es)?|anomal(?:y|ies))\b"),
        (Act.BIRADS, r"\b(?:bi|li|pi|ti|lung).?rads\b"),
        (Act.BIOPSY, r"\bbiops(?:y|ies)\b"),
        (Act.CHANGE_THRESHOLD, r"\b(?:set|change|raise|lower|increase|decrease|adjust) (?:the |your )?(?:threshold|cut-?off)\b"),
        (Act.CONFIRM, r"^\W*(?:yes|yep|yeah)[\s.!]*$"),
        (Act.CONTEXT, r"^\W*(?:ok|okay|alright|all right|understood|got it)[\s.!]*$"),
        (Act.DISAGREE, r"^\W*(?:no|nope|nah)[\s.!]*$"),
        (
            Act.WHY,
            r"\bwhy (?:does|do|did|is|was) (?:it|this|that|the \w+) (?:look|seem|anomalous|normal|marked|flagged|defective)",
        ),
        (
            Act.DESCRIBE,
            r"^\W*(?:please )?tell me (?:more |all )?(?:about|of) (?:it|this|that|the (?:picture|image|finding)s?)\W*$",
        ),
        (
            Act.PRESENCE,
            r"\b(?:is|are) there (?:anything|something|any \w+) (?:wrong |odd |unusual )?(?:at|in|on|near"
            r"|along) the (?:top|bottom|left|right|upper"
            r"|lower|centre|center|middle|edge|corner)",
        ),
        (Act.SURE, r"\bhow (?:sure|certain|confident) (?:are you|is (?:it|that|this))\b"),
        (
            Act.REPORT,
            r"\b(?:lines?|sentences?|text|words|wording)\b.{0,40}\b(?:tag|log|label|ticket|record|shift book|form"
            r"|notes?|logbook)\b",
        ),
        (Act.SIZE, r"^\W*(?:the )?sizes?\b(?!.*\d)"),
        (
            Act.MISSED,
            r"\bwhy (?:isn't|wasn't|aren't|weren't) (?:\w+ ){1,4}(?:marked|boxed|flagged|shown)\b"
            r"|\bwhy (?:is there |are there |was there )?no (?:box|mark|region)\b|\bwhy (?:is"
            r"|was) (?:\w+ ){1,4}not (?:marked|boxed|flagged)\b",
        ),
        (Act.CAUSE, r"^\W*(?:and )?(?:the |likely |probable |possible |most )*causes?\W*$"),
        (
            Act.ANYTHING_ELSE,
            r"\b(?:rest|remainder|everything else|other (?:parts?|areas?|places?)|elsewhere)\b.*\b(?:ok|okay|good"
            r"|fine|normal|clean|free|all right)\b",
        ),
        (Act.IDENTIFY, r"\b(?:explain|tell me|say|describe|know) what (?:is|it is|i see|you see|lies|sits) ?(?:there"
                       r"|under|in|at|here|behind)?\b"),
        (
            Act.MISSED,
            r"^\W*(?:and |but )?(?:there(?:'?s| is| are)|i (?:can |also )?see)\b.*\b(?:is(?:n't)? that nothing|(?:did"
            r"|do|didn't) you (?:see|notice|mark|miss))",
        ),
        (
            Act.KIND_MEANING,
            r"\bhow (?:do|would|can|could|should) (?:i|we|you|one) (?:tell|see|spot|know) (?:the|a|any|their) differences?\b"
            r"|\bhow (?:do|would|can|could) (?:i|we|one) tell (?:them|these|those|which|the two)\b",
        ),
        (
            Act.KIND_MEANING,
            rf"\b(?:what|why) (?:do|did|does|would) (?:you|it|that|this) (?:\w+ )?(?:mean|understand) "
            rf"(?:by|with|under) {_ITS_NAME}"
            rf"|\bwhat (?:does|is meant by) {_ITS_NAME} (?:stand for|mean for (?:you|this))",
        ),
        (
            Act.SURE,
            r"\b(?:what|which|how (?:high|big|much))(?: \w+)? (?:probability|likelihood|chance|percentage)(?: \w+)? "
            r"(?:did|does|do|has|had|was|would|is) (?:it|that|this|the|an?|you)\b(?! (?:picture|part|piece|image)\b)",
        ),
        (
            Act.TYPE,
            r"\b(?:what|which) (?:\w+ )?(?:label|class|category)s? (?:did|do|does|has|have|was|would) "
            r"(?:you|it|the model|region)\b"
            r"|\b(?:is|was|how (?:good|right) is) your label\b",
        ),
        (Act.SERIAL_NUMBER, r"\bserial (?:number|no)\b"),
        (Act.EFFECT, r"\bwhat (?:can|could|may|might|will|does|would) (?:it|this|that|they|the \w+) (?:\w+ )?lead to\b"),
        (Act.NEXT_STEP, r"^\W*(?:and |so |ok(?:ay)? )?what now\W*$"),
        (Act.SURE, r"^\W*(?:and |but |so )?are you (?:really |quite |so |very )?(?:sure|certain)\W*$"),
        (
            Act.ORIGIN,
            r"^\W*(?:and )?who (?:made|makes|built|manufactured|produced) (?:it|(?:this|that|the) (?:part|piece|product))\W*$",
        ),
        (Act.RATE, r"\bhow many of (?:them|these|those) are (?:bad|defective|faulty)\b"),
        (Act.SIDE, r"^\W*(?:and )?(?:which|what) side is (?:it|this|that) on\W*$"),
        (
            Act.REPEATABLE,
            r"\bsame (?:picture|image|file|photo)\b.{0,25}\b(?:same|identical) (?:result|score|verdict|answer)\b",
        ),
        (
            Act.PRICE,
            r"\b(?:what|how much) (?:does|do|did|would|will|might) (?:it|this|that|they|the \w+|an? (?:\w+ )?\w+) cost\b"
            r"(?!.*\b(?:run|use|train)\b)",
        ),
    )
)  # fmt: skip


def certain_act(text: str) -> Act | None:
    """The act of a piece of a message; None where no rule is certain.

    >>> certain_act("how long is the big crack in mm").value, certain_act("how long will it hold")
    ('length', None)
    """
    return next((act for act, pattern in _RULES if pattern.search(text)), None)
