"""Commands and queries on one learner's enrollments."""
