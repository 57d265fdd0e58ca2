"""The library's own recorder test cases, run against the production store (DESIGN 3)."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import AggregateRecorder, ApplicationRecorder, ProcessRecorder, TrackingRecorder
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)
from eventsourcing.utils import Environment

from shared.database import Database
from shared.store import Factory, Store
from shared.store.recorder import SnapshotRecorder


class OnDatabase:
    """Gives each case a fresh database."""

    database: Database

    @pytest.fixture(autouse=True)
    def _fresh(self, database: Any) -> None:
        self.database = database()


class TestSnapshotRecorder(OnDatabase, AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return SnapshotRecorder(self.database)


class TestApplicationRecorder(OnDatabase, ApplicationRecorderTestCase[Store]):
    def create_recorder(self) -> Store:
        return Store(self.database)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestTrackingRecorder(OnDatabase, TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return Store(self.database)


class TestProcessRecorder(OnDatabase, ProcessRecorderTestCase):
    def create_recorder(self) -> ProcessRecorder:
        return Store(self.database)


class TestNonInterleaving(OnDatabase, NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> ApplicationRecorder:
        return Store(self.database)

    def new_originator_id(self) -> UUID:
        return uuid4()


class OtherTracking(Store):
    """A recorder that somebody configured by its topic."""


class TestFactory(OnDatabase, InfrastructureFactoryTestCase[Factory]):
    @pytest.fixture(autouse=True)
    def _environment(self, _fresh: None) -> None:
        self.env = Environment("TestFactory")
        self.env["PERSISTENCE_MODULE"] = "shared.store"
        self.env["DATABASE_URL"] = self.database.conninfo

    def expected_factory_class(self) -> type[Factory]:
        return Factory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return Store

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        return Store

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return Store

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return OtherTracking

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        return Store


# pytest would also collect the library's abstract cases from this module's namespace.
del AggregateRecorderTestCase, ApplicationRecorderTestCase, InfrastructureFactoryTestCase
del NonInterleavingNotificationIDsBaseCase, ProcessRecorderTestCase, TrackingRecorderTestCase
