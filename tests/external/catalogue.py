"""Our operations by name, for data that others made."""

from importlib.metadata import entry_points

from equivalence import registry

OPERATIONS = registry.collect(entry_points(group=registry.OPERATIONS, name="reference"), [], []).operations


class NotApplicableError(Exception):
    """The catalogue cannot compute this."""


class Calls:
    """Our operations by name; remembers which were called."""

    def __init__(self):
        self.names = set()

    def __call__(self, name, *arguments, **parameters):
        if name not in OPERATIONS:
            raise NotApplicableError(f"no operation {name}")
        if missing := sorted(set(parameters) - set(OPERATIONS[name].defaults)):
            raise NotApplicableError(f"{name} has no {' '.join(missing)}")
        self.names.add(name)
        return OPERATIONS[name](*arguments, **parameters)
