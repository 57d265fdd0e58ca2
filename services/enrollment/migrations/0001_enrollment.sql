-- Today, as a day in UTC; a test or a rehearsal sets rollbook.today.
CREATE FUNCTION today() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('rollbook.today', true), ''), ((now() AT TIME ZONE 'UTC')::date)::text)::date
$$;

-- Facts of the directory. Ids and structure only.
CREATE TABLE person_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    active boolean NOT NULL,
    home uuid
);
CREATE INDEX person_fact_home ON person_fact (home, id);

CREATE TABLE job_fact (
    id uuid PRIMARY KEY,
    person uuid NOT NULL,
    organisation uuid,
    position uuid,
    manager_job uuid,
    temporary_manager_job uuid,
    temporary_until date,
    starts date,
    ends date
);
CREATE INDEX job_fact_person ON job_fact (person);
CREATE INDEX job_fact_organisation ON job_fact (organisation, person);
CREATE INDEX job_fact_position ON job_fact (position, person);
CREATE INDEX job_fact_manager ON job_fact (manager_job);
CREATE INDEX job_fact_temporary ON job_fact (temporary_manager_job) WHERE temporary_manager_job IS NOT NULL;

-- The jobs that place their holder today; who leads each of them today, with the temporary manager.
CREATE VIEW current_job AS
    SELECT * FROM job_fact WHERE (starts IS NULL OR starts <= today()) AND (ends IS NULL OR ends >= today());
CREATE VIEW current_leader AS
    SELECT id AS job, person, manager_job AS leader FROM current_job WHERE manager_job IS NOT NULL
    UNION
    SELECT id, person, temporary_manager_job FROM current_job
    WHERE temporary_manager_job IS NOT NULL AND temporary_until >= today();

CREATE TABLE unit_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind text NOT NULL,
    parent uuid,
    name text NOT NULL
);
CREATE INDEX unit_fact_parent ON unit_fact (parent);

-- Each unit with itself and everything above it.
CREATE TABLE unit_above (
    unit uuid NOT NULL,
    above uuid NOT NULL,
    PRIMARY KEY (unit, above)
);
CREATE INDEX unit_above_above ON unit_above (above, unit);

CREATE TABLE audience_fact (
    id uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE audience_member (
    audience uuid NOT NULL,
    person uuid NOT NULL,
    PRIMARY KEY (audience, person)
);
CREATE INDEX audience_member_person ON audience_member (person);

-- Facts of the catalog.
CREATE TABLE offering_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    active boolean NOT NULL,
    published integer,
    steps integer NOT NULL DEFAULT 0,
    drafts jsonb NOT NULL DEFAULT '{}',
    notifications text[] NOT NULL
);

-- State, written with its events.
CREATE TABLE assignment (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    offering uuid NOT NULL,
    type text NOT NULL,
    target uuid NOT NULL,
    include_below boolean NOT NULL,
    live boolean NOT NULL,
    batch uuid NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX assignment_target ON assignment (offering, type, target) WHERE live;
CREATE INDEX assignment_reverse ON assignment (type, target) WHERE live;
CREATE INDEX assignment_offering ON assignment (offering, created_at, id);

CREATE TABLE enrollment (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    person uuid NOT NULL,
    offering uuid NOT NULL,
    term integer NOT NULL,
    live boolean NOT NULL,
    begun boolean NOT NULL,
    sourceless boolean NOT NULL,
    steps integer[] NOT NULL,
    completed_version integer,
    completed_at timestamptz,
    UNIQUE (person, offering)
);
CREATE INDEX enrollment_offering ON enrollment (offering, id);

CREATE TABLE learner_grant (
    assignment uuid NOT NULL,
    person uuid NOT NULL,
    enrollment uuid NOT NULL,
    PRIMARY KEY (assignment, person)
);
CREATE INDEX learner_grant_enrollment ON learner_grant (enrollment);
CREATE INDEX learner_grant_person ON learner_grant (person);

CREATE TABLE exclusion (
    assignment uuid NOT NULL,
    person uuid NOT NULL,
    enrollment uuid NOT NULL,
    why text NOT NULL,
    PRIMARY KEY (assignment, person)
);
CREATE INDEX exclusion_person ON exclusion (person);

-- Whose grants may have changed. A row goes only at the revision that was read before evaluating; revisions are never
-- used twice, so a row that went and came back is another one.
CREATE SEQUENCE dirty_revision;
CREATE TABLE dirty (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    meta text NOT NULL
);
CREATE INDEX dirty_order ON dirty (revision);

-- A preview: what a command would do, decided on one snapshot; and the people whom a job has to evaluate.
CREATE TABLE plan (
    id uuid PRIMARY KEY,
    caller uuid NOT NULL,
    request jsonb NOT NULL,
    summary jsonb NOT NULL,
    digest text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE plan_person (
    plan uuid NOT NULL,
    person uuid NOT NULL,
    outcome text,
    PRIMARY KEY (plan, person)
);
