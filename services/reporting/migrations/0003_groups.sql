-- enrollment: the day on which a term is due; no event of before tells of one.
ALTER TABLE standing ADD COLUMN due_on date;
-- enrollment: groups.
CREATE TABLE learner_group (
    position bigint PRIMARY KEY,
    group_id uuid NOT NULL,
    name text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX learner_group_id ON learner_group (group_id);
