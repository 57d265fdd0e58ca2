-- The history of an offering: what happened to its assignments, read from the newest on. And what was assigned to one person alone.
CREATE INDEX events_of_assignments ON events (position) WHERE type IN ('enrollment.AssignmentCreated.v1',
    'enrollment.AssignmentRemoved.v1', 'enrollment.DueRuleSet.v1', 'enrollment.RequirementSet.v1', 'enrollment.GroupDescribed.v1');
CREATE INDEX assignment_person ON assignment (target) WHERE type IN ('individual', 'manager', 'self', 'request', 'key');
