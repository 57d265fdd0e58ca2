"""The one family of errors. Each is a refusal a caller can act on; `shared.http` turns it into an RFC 9457 problem."""

from collections.abc import Mapping


class Refusal(Exception):
    """A request that Rollbook understood and does not carry out. Nothing was changed.

    `detail` says what was wrong and what to do; `field` names the input at fault; `extra` are further
    members of the problem document, JSON values only.
    """

    status = 409
    kind = "refused"
    title = "The request was rejected"
    retry_after = 1
    """Seconds, where the status is 503 or 429."""

    def __init__(self, detail: str, *, field: str | None = None, kind: str | None = None, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.kind = kind or type(self).kind
        self.extra: Mapping[str, object] = extra


class Invalid(Refusal):
    """The input is malformed or contradicts itself."""

    status = 422
    kind = "invalid"
    title = "The input is not valid"


class NotFound(Refusal):
    """No such thing, or none that the caller may see (SEC-2): the two are not told apart."""

    status = 404
    kind = "not-found"
    title = "Not found"


class Conflict(Refusal):
    """The thing changed meanwhile, exists already, or the command id was used for something else."""

    status = 409
    kind = "conflict"
    title = "Conflict"


class ConflictLost(Conflict):
    """Another writer changed the same thing first, and nothing was written: on what is there now it can be decided again."""


class Stale(Refusal):
    """If-Match names a version that is no longer the current one."""

    status = 412
    kind = "stale"
    title = "It has changed in the meantime"


class Unauthenticated(Refusal):
    """No token, or one that does not hold."""

    status = 401
    kind = "unauthenticated"
    title = "Sign in first"


class Forbidden(Refusal):
    """The permission is missing; the detail names it and whom to ask (SEC-4)."""

    status = 403
    kind = "forbidden"
    title = "A permission is missing"


class TooLarge(Refusal):
    """The input exceeds a named limit."""

    status = 413
    kind = "too-large"
    title = "The input is too large"


class Busy(Refusal):
    """As much of it is being done as may be at once; ask again."""

    status = 503
    kind = "busy"
    title = "Not available now"
    retry_after = 10


class TooManyAttempts(Refusal):
    """Too many failed of late, from here or at this; nothing was tried. One answer, whichever limit it was."""

    status = 429
    kind = "too-many-attempts"
    title = "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"There were too many attempts that failed. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class NotYet(Refusal):
    """A read model has not reached the position that the query asked for; ask again."""

    status = 503
    kind = "not-yet"
    title = "The answer is not yet as recent as requested"


class Corrupt(Exception):
    """Something that must never happen did: a hole in the positions, an unknown version. The process stops."""
