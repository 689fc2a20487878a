from . import typecheck as typecheck
