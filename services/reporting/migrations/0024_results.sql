-- enrollment: exceptions, what was achieved in each term, and who joined a group.
CREATE TABLE learner_exception (
    position bigint PRIMARY KEY,
    enrollment_id uuid NOT NULL,
    person_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    raised_in integer NOT NULL,
    state text NOT NULL,
    kinds text[] NOT NULL,
    assignments uuid[] NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
) WITH (fillfactor = 90);
CREATE INDEX learner_exception_enrollment ON learner_exception (enrollment_id);
CREATE TABLE result (
    position bigint PRIMARY KEY,
    result_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    term integer NOT NULL,
    completed_at timestamptz,
    version integer,
    valid_until date,
    recorded text,
    serial text,
    score integer,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
) WITH (fillfactor = 90);
CREATE INDEX result_id ON result (result_id);
CREATE INDEX result_enrollment ON result (enrollment_id);
CREATE TABLE joining (
    position bigint PRIMARY KEY,
    joining_id uuid NOT NULL,
    person_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    joined_by text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX joining_id ON joining (joining_id);
CREATE INDEX joining_person ON joining (person_id, assignment_id);
CREATE INDEX standing_offering ON standing (offering_id, enrollment_id);
CREATE INDEX standing_person ON standing (person_id);
-- All of this happened before anybody kept it here, so the events of enrollment are read from the beginning.
TRUNCATE membership, standing, assignment, learner_group, trigger, cancellation;
DELETE FROM high_water WHERE consumer = 'reporting' AND source = 'enrollment';
