"""The event classes of every service, one module each. Importing this package registers them all."""

from shared.contracts import approvals, catalog, directory, enrollment, keys

__all__ = ["approvals", "catalog", "directory", "enrollment", "keys"]
