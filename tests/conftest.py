"""What every test may use."""

from hypothesis import settings

pytest_plugins = ["pytester"]

# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
