"""The user's own rule of what is rejected: clauses on measurements, from YAML or from a sentence. Knows no model.

``clauses`` says what a rule is and what it decides of an inspection, ``rule_file`` reads it, ``sentence`` understands one.
"""

from assistant.rules.clauses import Clause, Quantity, Rule
from assistant.rules.rule_file import load_rule

__all__ = ["Clause", "Quantity", "Rule", "load_rule"]
