"""Pages of a learner, whom everybody is first."""
