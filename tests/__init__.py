"""A package of its own, so that `tests.project` is ours: the OpenID Connect provider of the tests installs another `tests`."""
