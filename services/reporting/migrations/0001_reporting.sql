-- Read models. Each table has exactly one source; sources meet only in queries, so that live = rebuilt can hold exactly.
-- A period is what was so from valid_from until valid_to (open: NULL), in recorded_at of the source's events; `position`
-- is the event that opened it. No index names valid_to, so that ending a period touches no index.

-- enrollment: which assignment holds which learner.
CREATE TABLE membership (
    position bigint PRIMARY KEY,
    enrollment_id uuid NOT NULL,
    person_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    term integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
) WITH (fillfactor = 90);
CREATE INDEX membership_person ON membership (person_id, offering_id, assignment_id);
CREATE INDEX membership_offering ON membership (offering_id, position);
CREATE INDEX membership_assignment ON membership (assignment_id, position);

-- enrollment: how a learner stands on an offering.
CREATE TABLE standing (
    position bigint PRIMARY KEY,
    enrollment_id uuid NOT NULL,
    person_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    term integer NOT NULL,
    live boolean NOT NULL,
    begun boolean NOT NULL,
    without_source boolean NOT NULL,
    completed boolean NOT NULL,
    state text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
) WITH (fillfactor = 90);
CREATE INDEX standing_enrollment ON standing (enrollment_id);

-- enrollment: the assignments, open until removed.
CREATE TABLE assignment (
    position bigint PRIMARY KEY,
    assignment_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    type text NOT NULL,
    target_id uuid NOT NULL,
    include_below boolean NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE UNIQUE INDEX assignment_id ON assignment (assignment_id);
CREATE INDEX assignment_type ON assignment (type);

-- directory: home organisation and activity of people.
CREATE TABLE person (
    position bigint PRIMARY KEY,
    person_id uuid NOT NULL,
    home_organisation uuid,
    active boolean NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
) WITH (fillfactor = 90);
CREATE INDEX person_id ON person (person_id);
CREATE INDEX person_home ON person (home_organisation, person_id);

-- directory: organisations and positions.
CREATE TABLE unit (
    position bigint PRIMARY KEY,
    unit_id uuid NOT NULL,
    kind text NOT NULL,
    framework uuid NOT NULL,
    parent uuid,
    name text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX unit_id ON unit (unit_id);
CREATE INDEX unit_parent ON unit (parent);

-- directory: audiences.
CREATE TABLE audience (
    position bigint PRIMARY KEY,
    audience_id uuid NOT NULL,
    name text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX audience_id ON audience (audience_id);

-- directory.profiles: who people are today. Personal data has no history.
CREATE TABLE profile (
    person_id uuid PRIMARY KEY,
    revision integer NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    user_name text NOT NULL,
    called text NOT NULL GENERATED ALWAYS AS (lower(first_name || ' ' || last_name)) STORED,
    sorted text NOT NULL GENERATED ALWAYS AS (lower(last_name || ', ' || first_name)) STORED
);

-- catalog: what is offered.
CREATE TABLE offering (
    position bigint PRIMARY KEY,
    offering_id uuid NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    title text NOT NULL,
    active boolean NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX offering_id ON offering (offering_id);
