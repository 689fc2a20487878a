"""What a piece of a message puts to the assistant to take a stand on: choices, suppositions and objections.

Read from the words alone; whether the picture holds what they are about is a matter of the reply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from assistant.reading.clauses import vocabulary_of
from assistant.reading.quantities import region_numbers
from assistant.reading.told.choices import numbers_offered, offered
from assistant.reading.told.scales import number_of


class Pose(StrEnum):
    """What is put."""

    KINDS = "kinds"
    REGIONS = "regions"
    DECIDING = "deciding"
    DECISIONS = "decisions"
    DEGREES = "degrees"
    SIDES = "sides"
    WHAT_ELSE = "what_else"
    OBJECTION = "objection"
    CORRECTION = "correction"
    CALLED = "called"
    WITHOUT = "without"
    OTHER_THRESHOLD = "other_threshold"
    OTHER_KIND = "other_kind"


CHOICES = frozenset({Pose.KINDS, Pose.REGIONS, Pose.DECISIONS, Pose.DEGREES, Pose.SIDES})
"""Poses that let choose."""


@dataclass(frozen=True)
class Posed:
    """Something put to the assistant.

    Args:
        pose: what.
        options: the alternatives offered, or the one name that is put: plain words without articles.
        numbers: of the regions it is about.
        value: a threshold, 0 to 1.
        subject: the noun that an objection rests on ("printing" of "there is no printing on this part").
    """

    pose: Pose
    options: tuple[str, ...] = ()
    numbers: frozenset[int] = frozenset()
    value: float | None = None
    subject: str = ""


_IF = (
    r"(?:if|suppose|supposing|assume|assuming|imagine|pretend|(?<!you )(?<!i )(?<!to )say|let'?s (?:say|assume|suppose)"
    r"|what if|when|given|provided)"
    r"(?:,? that)?"
)
_LEFT_OUT = re.compile(
    r"\b(?:ignor(?:e|ed|ing)|disregard(?:ed|ing)?|leav(?:e|ing)(?: \w+){0,3} (?:out|aside)|left out|without|exclud(?:e|ed|ing)"
    r"|not count(?:ing)?|don'?t count|didn'?t count|apart from|except for|discount(?:ed|ing)?|drop(?:ped|ping)?"
    r"|mask(?:ed)? out|remov(?:e|ed|ing)|clean(?:ed)? off|wip(?:e|ed) off|weren'?t there|wasn'?t there|were gone|was gone)\b"
)
_OF_REFERENCES = re.compile(
    r" (?:any |the |my |your |more |further |enough |having )*(?:\w+ )?(?:references?|normals?|normal (?:ones|pictures?|images?)"
    r"|good (?:ones|pictures?|images?|samples?|parts?|pieces)|(?:pictures?|images?|photos?) of (?:\w+ )?(?:good|normal)"
    r"|comparison\w*|examples?)\b"
)
"""Goes on after "without" where no region is meant."""
_HARMLESS = (
    r"(?:glare|(?:a |just |only |some )*(?:reflections?|shadows?|dust|dirt|water|moisture|artefacts?|artifacts?|noise"
    r"|false alarms?"
    r"|fingerprints?|grease|oil|light|lint|marker|chalk)|harmless|acceptable|allowed|tolerable|fine|ok|okay|normal|intended"
    r"|by design|not real|not a (?:real )?defect|not a (?:real )?problem|gone|nothing)"
)
_WITHOUT = re.compile(
    rf"\b{_IF} [^,?]*?\b(?:is|are|was|were|be|turns? out to be|it's|that's) (?:really |just |only )*{_HARMLESS}\b"
)
_ASKS_VERDICT = re.compile(
    r"\b(?:still|then|would|will|does|do|is|are|what|how|which|reject|accept|pass|fail|verdict|ok|score|change|matter)\b"
)
_CONSEQUENCE = re.compile(r"\bwhat (?:happens|would happen|will happen|could happen|can happen|may happen)\b")
_THRESHOLD = re.compile(
    r"\b(?:threshold|cut-?off|limit|bar)\b[^.?\d]{0,30}?(?P<value>\d*[.,]?\d+)(?P<percent> ?(?:%|per ?cent))?(?! ?(?:mm|cm|px))"
)
_SUPPOSED = re.compile(
    r"\b(?:if|were|was|would|suppose|assuming|what about|with a|at a|with the|at the|still|instead)\b"
)
_KIND_WERE = re.compile(
    rf"\b{_IF} (?:it|this|that|they|these|region \d+|the (?:mark|defect|spot|region|thing|finding|lesion))(?:'s| "
    r"(?:is|are|was|were|turns? out to be|really is|actually is)) (?:really |actually |in fact |only |just )*(?:an? )?"
    r"(?P<name>[a-z][a-z' -]{1,30}?)(?=,|\?|$|\.| (?:instead|then|would|is|do|does|what|how|should)\b)"
)
_WHAT_ELSE = re.compile(
    r"\bwhat else (?:could|can|might|may|would) (?:it|this|that|region \d+|the \w+|they) (?:really )?be\b"
    r"|\bwhat (?:could|can|might) (?:it|this|that|region \d+) be (?:then|instead|otherwise|if not)\b"
    r"|\bwhat (?:is|'s) (?:it|this|that|region \d+) then\b|\b(?:could|can|might) (?:it|this|that"
    r"|region \d+) be (?:something|anything) else\b"
    r"|\b(?:what|which|any|give me|list|name)(?: \w+){0,3} (?:other|alternative|second|further) (?:kinds?|types?|possibilit\w+"
    r"|labels?|names?|class(?:es)?|categor\w+"
    r"|options?|explanations?|candidates?"
    r"|alternatives?|guess(?:es)?|defects? could)\b|\b(?<!as )(?<!as a )(?:second|next)(?:[- ]best)? (?:guess|likeliest"
    r"|most likely"
    r"|candidate|choice)\b|\brunner-?up\b"
    r"|\bwhat (?:are|were) the (?:alternatives|other options|other candidates)\b|\bor what (?:is it )?then\b"
    r"|\b(?:confused|mistaken) (?:with|for)\b|\bor (?:is it )?something else\b"
)
_NAME = r"(?P<name>[a-z][a-z'-]*(?: [a-z][a-z'-]*){0,3})"
_SHORTEST = _NAME.replace("name", "fits").replace("{0,3}", "{0,3}?")
_FITTING = (
    r"(?:(?:not )?(?:be|have been) )?(?:also |really |rather )*(?:an? |the )?(?:more |most )?"
    r"(?:plausible|good|better|best|fitting|possible|right|correct|likely|suitable|reasonable|proper|sensible|appropriate|fair) "
    r"(?:label|name|kind|class|category|term|description|type|tag|word)\b"
)
_CORRECTION = re.compile(
    rf"\b(?:don't |do not )?you mean (?!by\b|with\b|that\b|normal\b|ok\b)(?:an? )?{_NAME}\W*$"
    rf"|^\W*(?:an? )?{_NAME.replace('name', 'first')},? more like(?: it)?\W*$"
    rf"|\b(?:more|rather|looks more) like (?:an? )?{_NAME.replace('name', 'like')}\W*$"
    rf"|\brather (?:an? ){_NAME.replace('name', 'rather')}\W*$"
    rf"|\b(?:would|could|might|can|is|isn't|was) [\"'\u201c]?(?:an? )?{_SHORTEST}[\"'\u201d]? {_FITTING}"
    rf"|^\W*(?:an? )?{_NAME.replace('name', 'maybe')},? (?:maybe|perhaps|possibly)\W*$"
)
_COULD_BE = re.compile(
    r"^\W*(?:(?:so|and|but|ok|or|well),? )*(?:could|can|might|may) (?:it|that|this|region \d+|the (?:marked |highlighted "
    r"|boxed )?(?:mark|spot|thing"
    r"|region|defect|area|place|box|finding)) "
    r"(?:just |simply |only |really |also |not |actually )*be (?:just |only |really |actually |due to |from "
    r"|caused by )*(?:an? |the )?"
    r"(?P<name>[a-z][a-z'-]*(?: [a-z'-]+){0,5})\W*$"
)
_DONE = re.compile(
    r"(?:repaired|fixed|mended|saved|salvaged|reworked|polished|cleaned|wiped|washed|welded|sanded|filled|removed|restored"
    r"|replaced|buffed|used|reused|shipped|sold|accepted|rejected|scrapped|prevented|avoided|stopped|measured|treated)"
    r"(?: (?:out|off|up|away|again|anyway|\w+ly|(?:by|with|for) \w+))?$"
)
"""What may be done with it, which is no name for what it is."""
_CALLED = re.compile(
    rf"^\W*(?:(?:ok|no|well|then|please|so),? )*(?:region (?P<number>\d+) (?:is|=) (?:really |actually "
    rf"|in fact )?(?:an? )|call (?:it|this|that|region "
    rf"(?P<number2>\d+)) (?:an? )?|(?:label|name|rename|relabel|tag) (?:it|this|that|region (?P<number3>\d+)) (?:as "
    rf"|to )?(?:an? )?){_NAME}\W*$"
)
_HAS_NONE = re.compile(
    r"\bthere(?:'s| is| are|s)? (?:no|not any|isn't any|aren't any) (?P<there>[a-z]+)(?: \w+)? (?:on|in|at|of|here|to)\b"
    r"|\b(?:has|have|had|got) no (?P<has>[a-z]+)|\b(?:don'?t|doesn'?t|does not|do not|didn'?t) have (?:any "
    r"|an? )?(?P<have>[a-z]+)"
    r"|\b(?:can'?t|cannot|can not|don'?t|doesn'?t|does not|do not|never|won'?t) (?P<does>rust|corrode|crack|tear|fold"
    r"|burn|chip|bend|dent|melt|fray)\b"
    r"|\bwithout (?:any )?(?P<without>[a-z]+)\W*$"
)
_DEEDS = {"corrode": "corrosion", "bend": "deformation", "melt": "burn", "fray": "texture disruption"}
"""What is there when something has done so, where the words differ."""
_DENIED = re.compile(
    rf"\b(?:(?:that|this|it|region \d+)(?:'s| is|s)? not|(?:that|this|it|region \d+) (?:isn't|isnt|can't be|cannot be"
    rf"|can not be|couldn't be)|not) "
    rf"(?:really |actually )?(?:an? )?{_NAME}"
)
_INCREDULOUS = re.compile(
    r"^\W*(?:ok |so |and |really,? )*(?:an? )?(?P<what>[a-z][a-z -]{2,25}?) (?:on|in|inside) (?!the\b|this\b|my\b"
    r"|region\b|top\b)(?:an? )?[a-z]"
)
_SAYS = re.compile(
    r"\bwhy (?:do |did |would )?(?:you|it) (?:say|call|write|list|think|claim)s?(?: (?:it|this"
    r"|that))?(?: an?)? [\"'\u201c]?(?P<says>[a-z][a-z -]{2,30}?)[\"'\u201d,?]"
    r"|\bcauses? (?:say|list|name|mention)s? (?:an? )?(?P<listed>[a-z][a-z -]{2,30}?)(?:,|\?|$| but)"
    r"|(?P<sense>\b(?:of|none of) (?:the|these|those|your) causes\b|\bwhich causes? (?:makes?|fits?|applies|is)\b"
    r"|\bcauses?\b.*\b(?:makes? no sense|don'?t fit|wrong)\b)"
    r"|[\"\u201c](?P<quoted>[^\"\u201d]{4,60})[\"\u201d] (?:isn'?t|is not|is no|makes no|doesn'?t|is) (?:much |of "
    r"|very |any |a )*(?:use|help|good|useful|helpful"
    r"|sense|applicable|possible|nonsense|silly|odd|joke|apply|work|fit)"
)  # fmt: skip
_GENERIC = re.compile(
    r"(?:defects?|problems?|issues?|faults?|flaws?|other|further|more|doubt|need|reason|idea|wrong|right|true|ok|okay|fine|good|sure|normal|bad"
    r"|certain|there|it|clear|enough|much|so|that|this|difference|way|time|only|just|marked|marking|anomal\w+|references?|region|scale|here|very"
    r"|real|visible|important|relevant|what|where|why|how|possible|correct|acceptable|in|on|at|the|your|my|our|one|a|an)\b"
)
_WORSE = re.compile(
    r"\b(?:which|worse|worst|bigger|biggest|larger|largest|smaller|smallest|longer|longest|stronger|strongest|graver|main|first|more)\b"
)
_DECIDING = re.compile(
    r"\bwhich (?:one )?(?:of (?:the|these|those|them|my)?(?: \w+){0,3}|regions?|ones?|marks?|defects?|findings?|spots?)?\b.{0,30}"
    r"\b(?:decides?|decid\w+|drives?|driving|tips|determin\w+|responsible|is the reason|makes? (?:it|the (?:verdict"
    r"|score|picture))|gives? the"
    r"|matters? most|counts? most|behind the (?:verdict|score))\b"
)
_DEGREE = re.compile(
    r"^(?:(?:very|quite|only|just|real|really|more) )*(?:big|small|large|tiny|minor|major|critical|serious|cosmetic"
    r"|structural|functional|harmless"
    r"|grave|severe|bad|slight|superficial|trivial|important|unimportant|dangerous)(?: (?:problem|issue|defect|one"
    r"|flaw|thing|fault))?$"
)
_SIDE = re.compile(
    r"^(?:(?:on|at|in|the) )*(?:left|right|top|bottom|upper|lower|centre|middle)(?: (?:side|hemisphere|half|edge|lung"
    r"|breast|one))?$"
)
_DECISION = re.compile(
    r"\b(?:accept|reject|pass|fail|ship|release|keep|use|run|continue|stop|halt|hold|scrap|rework|repair|throw|thrown|discard|bin|monitor|seal"
    r"|watch|look (?!(?:like|more|rather|aggressive|bad|good|worse|better|benign|malignant)\b)|look$|close|open|operate"
    r"|patch it|smash|destroy|crush|chuck|wash|check|inspect|review|re-?take|replace|fix|fill|weld|clean|polish|batch|lot"
    r"|work|wait|biopsy|follow|leave|send|return|sort|quarantine)"
)
_OF_FORM = re.compile(
    r"^(?:\w+ )*(?:round\w*|elongated|long|oval|square|linear|straight|curved|branch\w*|irregular|compact|sharp"
    r"|blurr?\w*|soft|smooth|jagged|vertical\w*"
    r"|horizontal\w*|diagonal\w*|cluster\w*|scattered|spread|isolated|bright\w*|dark\w*|light\w*|deep\w*|shallow|benign|malignant|old|new|fresh"
    r"|normal|abnormal|good|bad|defective|anomalous|axial|coronal|sagittal|metal|plastic|longitudinal|transverse"
    r"|alligator|lengthwise|crosswise|radial|circumferential)(?: (?:one|edges?))?$|^(?:one|two|several|single"
    r"|many)(?: \w+)*$"
)


def posed_in(said: str) -> Posed | None:
    """What a plain piece of a message puts; None where it only asks or tells.

    >>> posed_in("pit or porosity?").options, posed_in("if i ignore region 1, would you still reject it?").pose.value
    (('pit', 'porosity'), 'without')
    >>> posed_in("what if the threshold were .8?").value, posed_in("where is it?")
    (0.8, None)
    """
    for reader in (_supposition, _what_else, _objection, _choice):
        if (found := reader(said)) is not None:
            return found
    return None


def _supposition(said: str) -> Posed | None:
    if (told := _THRESHOLD.search(said)) and _SUPPOSED.search(said) and not re.search(r"\b(?:set|move|change)\b", said):
        value = number_of(told["value"]) / (100 if told["percent"] else 1)
        return Posed(Pose.OTHER_THRESHOLD, value=value) if 0 < value <= 1 else None
    if _CONSEQUENCE.search(said):
        return None
    left_out = (
        _LEFT_OUT.search(said)
        if re.search(rf"\b{_IF}\b|\bwithout\b|^\W*\w+ing\b|^\W*(?:ignore|disregard)\b", said)
        else None
    )
    named = frozenset(region_numbers(said))
    points = (
        bool(named)
        or re.search(r"\b(?:it|this|that|them|those|others?|rest|first|second|worst|one)\b", said) is not None
    )
    left_out = None if left_out is not None and _OF_REFERENCES.match(said, left_out.end()) else left_out
    if (left_out or _WITHOUT.search(said)) and points and _ASKS_VERDICT.search(said):
        return Posed(Pose.WITHOUT, numbers=named)
    if (match := _KIND_WERE.search(said)) and not _GENERIC.match(match["name"]):
        return Posed(Pose.OTHER_KIND, (match["name"].strip(),), named)
    return None


def _what_else(said: str) -> Posed | None:
    return Posed(Pose.WHAT_ELSE, numbers=frozenset(region_numbers(said))) if _WHAT_ELSE.search(said) else None


def _objection(said: str) -> Posed | None:
    named = frozenset(region_numbers(said))
    if match := _CALLED.match(said):
        number = match["number"] or match["number2"] or match["number3"]
        name = match["name"].strip()
        if not _GENERIC.match(name):
            return Posed(Pose.CALLED, (name,), frozenset({int(number)}) if number else named)
    if match := _SAYS.search(said):
        subject = "" if match["sense"] else next((g for g in match.groups() if g), "").strip()
        return Posed(Pose.OBJECTION, numbers=named, subject=subject or "cause")
    if match := _CORRECTION.search(said):
        name = next(g for g in match.groups() if g).strip()
        if not _GENERIC.match(name) and " or " not in f" {name} ":
            return Posed(Pose.CORRECTION, (name,), named)
    match = _COULD_BE.match(said)
    if match and " or " not in said and not _GENERIC.match(match["name"]) and not _DONE.match(match["name"]):
        return Posed(Pose.CORRECTION, (match["name"],), named)
    if (match := _HAS_NONE.search(said)) and not re.match(
        r"\W*(?:is|are|was|does|do|has|have|why|how|what|which)\b(?! you say)", said
    ):
        noun = next(g for g in match.groups() if g)
        noun = _DEEDS.get(noun, noun)
        return None if _GENERIC.match(noun) else Posed(Pose.OBJECTION, numbers=named, subject=noun)
    kinds = vocabulary_of()
    if (
        (match := _DENIED.search(said))
        and kinds.find(match["name"].replace("-", " "))
        and "sure" not in said
        and " or " not in said
    ):
        claimed = re.search(
            r"\bbut (?:an? )?([a-z][a-z -]+)|,? (?:it|that|this)(?:'s| is) (?:an? )([a-z][a-z -]+)", said[match.end() :]
        )
        return Posed(
            Pose.OBJECTION,
            tuple(g.strip(" .!") for g in claimed.groups() if g) if claimed else (),
            named,
            None,
            match["name"].strip(),
        )
    if (
        "?" in said
        and (match := _INCREDULOUS.match(said))
        and kinds.pattern.fullmatch(match["what"].strip().replace("-", " "))
    ):
        return Posed(Pose.OBJECTION, numbers=named, subject=match["what"].strip())
    return None


def _choice(said: str) -> Posed | None:
    deciding = _DECIDING.search(said) is not None
    if (numbers := numbers_offered(said)) and (deciding or _WORSE.search(said)):
        return Posed(Pose.REGIONS, numbers=numbers)
    if deciding:
        return Posed(Pose.DECIDING)
    options = offered(said)
    if "?" not in said and re.match(
        r"\W*(?:that|it|this|there|the|i|these|those|they)\b.{0,12}(?:'s|s|is|are|see|think)\b", said
    ):
        return None
    if not options or re.match(r"\W*how (?!sure|certain|confident|likely)|\W*(?:where|when|who)\b", said):
        return None
    named = frozenset(region_numbers(said))
    if all(map(_SIDE.match, options)):
        return Posed(Pose.SIDES, options, named)
    if all(map(_DEGREE.match, options)):
        return Posed(Pose.DEGREES, options, named)
    if any(map(_OF_FORM.match, options)):
        return None
    is_state = re.match(r"\W*(?:so |and |but )*(?:is|was|are|were|has|have) ", said) and all(
        o.split()[0].endswith("ed") for o in options
    )
    if is_state:
        return Posed(Pose.KINDS, options, named)
    if all(map(_decides, options)) or (any(map(_decides, options)) and not _kinds_in(options)):
        deciding_ones = tuple(filter(_decides, options))
        return Posed(Pose.DECISIONS, deciding_ones if len(deciding_ones) > 1 else options, named)
    return Posed(Pose.KINDS, options, named)


_DOES_TO_IT = re.compile(
    r"^(?!from|in|on|under|at|of|is|was)[a-z-]+ (?:it|them|this|that)(?: (?:out|away|off|back|up|down|open|again))?$"
)
"""What is done to the thing: "toss it", "send it back"."""


def _decides(option: str) -> bool:
    if _DOES_TO_IT.match(option):
        return True
    return _DECISION.search(option) is not None and not _kinds_in((option,))


def _kinds_in(options: tuple[str, ...]) -> bool:
    return any(vocabulary_of().find(option.replace("-", " ")) for option in options)
