"""The library's plug-in point: which recorders an application gets."""

from typing import Any, cast

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    ProcessRecorder,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, resolve_topic

from shared.database import Database
from shared.store.recorder import SnapshotRecorder, Store


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Builds everything on one database, named by `DATABASE_URL` in the application's environment."""

    def __init__(self, env: Environment | dict[str, str] | None) -> None:
        super().__init__(env)
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        if self._database is None:
            self._database = Database(self.env.get("DATABASE_URL") or "", application=self.env.name or "rollbook")
        return self._database

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return SnapshotRecorder(self.database) if purpose == "snapshots" else Store(self.database)

    def application_recorder(self) -> ApplicationRecorder:
        return Store(self.database)

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> Any:
        named = self.env.get(self.TRACKING_RECORDER_TOPIC) or "shared.store:Store"
        cls = cast("Any", tracking_recorder_class or resolve_topic(named))
        return cls(self.database)

    def process_recorder(self) -> ProcessRecorder:
        return Store(self.database)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
