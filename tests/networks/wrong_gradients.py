"""Functions with the right values and the wrong gradient, as bindings a worker can import."""

from equivalence.binding import binding


def twice(x):
    """A relu whose gradient is twice what it should be."""
    y = x.clamp(min=0)
    return 2 * y - y.detach()


relu = binding(twice, docs="https://docs.pytorch.org/docs/stable/generated/torch.clamp.html")
