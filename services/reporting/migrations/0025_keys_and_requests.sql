-- keys: pools, their keys, and which pool's key became which assignment.
CREATE TABLE pool (
    position bigint PRIMARY KEY,
    pool_id uuid NOT NULL,
    name text NOT NULL,
    offering_id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    starts timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX pool_id ON pool (pool_id);
CREATE TABLE training_key (
    position bigint PRIMARY KEY,
    key_id uuid NOT NULL,
    pool_id uuid NOT NULL,
    fingerprint text NOT NULL,
    generated boolean NOT NULL,
    state text NOT NULL,
    sent boolean NOT NULL,
    person_id uuid,
    assignment_id uuid,
    ended boolean NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
) WITH (fillfactor = 90);
CREATE INDEX training_key_id ON training_key (key_id);
CREATE INDEX training_key_pool ON training_key (pool_id, key_id);
CREATE TABLE redemption (
    position bigint PRIMARY KEY,
    assignment_id uuid NOT NULL,
    pool_id uuid NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX redemption_assignment ON redemption (assignment_id);
-- approvals: requests.
CREATE TABLE request (
    position bigint PRIMARY KEY,
    request_id uuid NOT NULL,
    kind text NOT NULL,
    person_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    stages integer NOT NULL,
    due_on date,
    stage integer NOT NULL,
    escalated boolean NOT NULL,
    state text NOT NULL,
    outcome text,
    decided_by uuid,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
) WITH (fillfactor = 90);
CREATE INDEX request_id ON request (request_id);
CREATE INDEX request_person ON request (person_id);
