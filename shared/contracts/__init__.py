"""The event classes of every service, one module each. Importing this package registers them all."""

from shared.contracts import catalog, directory, enrollment

__all__ = ["catalog", "directory", "enrollment"]
