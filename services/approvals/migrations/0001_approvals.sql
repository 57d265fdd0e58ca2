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
CREATE TABLE unit_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind text NOT NULL,
    parent uuid,
    name text NOT NULL
);
CREATE INDEX unit_fact_parent ON unit_fact (parent);
CREATE TABLE unit_above (
    unit uuid NOT NULL,
    above uuid NOT NULL,
    PRIMARY KEY (unit, above)
);
CREATE INDEX unit_above_above ON unit_above (above, unit);
CREATE TABLE job_fact (
    id uuid PRIMARY KEY,
    person uuid NOT NULL,
    manager_job uuid,
    temporary_manager_job uuid,
    temporary_until date,
    starts date,
    ends date
);
CREATE INDEX job_fact_person ON job_fact (person);
CREATE INDEX job_fact_manager ON job_fact (manager_job);
CREATE INDEX job_fact_temporary ON job_fact (temporary_manager_job) WHERE temporary_manager_job IS NOT NULL;
CREATE TABLE permission_role (
    person uuid NOT NULL,
    role text NOT NULL,
    organisation uuid,
    UNIQUE NULLS NOT DISTINCT (person, role, organisation)
);
CREATE INDEX permission_role_role ON permission_role (role, organisation);
CREATE TABLE audience_member (
    audience uuid NOT NULL,
    person uuid NOT NULL,
    PRIMARY KEY (audience, person)
);

-- Who people are, for those who decide. Personal data, from the directory's profiles.
CREATE TABLE profile (
    person_id uuid PRIMARY KEY,
    revision integer NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    user_name text NOT NULL,
    first_name_folded text NOT NULL,
    last_name_folded text NOT NULL,
    email_folded text NOT NULL
);

-- Facts of the catalog.
CREATE TABLE offering_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    published integer,
    access text NOT NULL DEFAULT 'request',
    opens timestamptz,
    closes timestamptz,
    audiences uuid[] NOT NULL DEFAULT '{}',
    price text,
    approvals text
);

-- Facts of enrollment: how learners stand, and what came of what was approved here.
CREATE TABLE enrollment_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    person uuid NOT NULL,
    offering uuid NOT NULL,
    term integer NOT NULL,
    state text NOT NULL,
    submitted bigint,
    due_on date,
    valid_until date
);
CREATE UNIQUE INDEX enrollment_fact_learner ON enrollment_fact (person, offering);
CREATE TABLE outcome_fact (
    request uuid PRIMARY KEY,
    assignment uuid,
    problem text,
    detail text,
    ended text
);
CREATE INDEX outcome_fact_assignment ON outcome_fact (assignment) WHERE assignment IS NOT NULL;

-- State, written with its events.
CREATE TABLE request (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind text NOT NULL,
    person uuid NOT NULL,
    offering uuid NOT NULL,
    enrollment uuid,
    term integer,
    due_on date,
    status text NOT NULL,
    outcome text NOT NULL,
    stage integer NOT NULL,
    stages integer NOT NULL,
    escalated boolean NOT NULL,
    nobody_found boolean NOT NULL,
    assignment uuid,
    reason uuid,
    asked_at timestamptz NOT NULL,
    escalates_at timestamptz,
    decided_at timestamptz
);
-- One open request per learner and offering (APR-3), per enrollment for a later date (DUE-9), per completion (ENR-5).
CREATE UNIQUE INDEX request_open ON request (person, offering, kind) WHERE status = 'open';
CREATE INDEX request_order ON request (asked_at, id) WHERE status = 'open';
CREATE INDEX request_offering ON request (offering, asked_at, id);
CREATE INDEX request_person ON request (person, asked_at, id);

-- Whom the open stage of a request names.
CREATE TABLE stage_approver (
    request uuid NOT NULL,
    entry integer NOT NULL,
    kind text NOT NULL,
    person uuid,
    role text,
    approved boolean NOT NULL,
    PRIMARY KEY (request, entry)
);
CREATE INDEX stage_approver_person ON stage_approver (person) WHERE person IS NOT NULL;
CREATE INDEX stage_approver_role ON stage_approver (role) WHERE role IS NOT NULL;

CREATE TABLE request_decision (
    request uuid NOT NULL,
    stage integer NOT NULL,
    approver uuid NOT NULL,
    decision text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (request, stage, approver)
);
CREATE INDEX request_decision_approver ON request_decision (approver, decided_at, request);

-- Attempts that came too late, each a stream of its own.
CREATE TABLE refused_decision (
    id uuid PRIMARY KEY,
    request uuid NOT NULL
);
CREATE INDEX refused_decision_request ON refused_decision (request);

CREATE TABLE delegation (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    person uuid NOT NULL UNIQUE,
    delegate uuid NOT NULL,
    starts date NOT NULL,
    ends date NOT NULL
);
CREATE INDEX delegation_delegate ON delegation (delegate);

-- The jobs of today, and whose the jobs are that lead them; with the temporary manager until the last day.
CREATE VIEW current_job AS
    SELECT * FROM job_fact WHERE (starts IS NULL OR starts <= today()) AND (ends IS NULL OR ends >= today());
CREATE VIEW current_manager AS
    SELECT j.person, m.person AS manager FROM current_job j JOIN current_job m ON m.id = j.manager_job
    UNION
    SELECT j.person, m.person FROM current_job j JOIN current_job m ON m.id = j.temporary_manager_job
    WHERE j.temporary_until >= today();

-- Whom one entry of a stage means for a learner, never the learner: one person, the holders of a permission role for the
-- learner's organisation, or the learner's managers.
CREATE FUNCTION meant(learner uuid, kind text, named uuid, held text) RETURNS TABLE (person uuid) LANGUAGE sql STABLE AS $$
    SELECT p.id FROM person_fact p WHERE kind = 'person' AND p.id = named AND p.active AND p.id <> learner
    UNION ALL
    SELECT h.person FROM permission_role h JOIN person_fact p ON p.id = h.person AND p.active
    WHERE kind = 'role' AND h.role = held AND h.person <> learner AND (h.organisation IS NULL OR EXISTS (
        SELECT FROM person_fact l JOIN unit_above u ON u.unit = l.home WHERE l.id = learner AND u.above = h.organisation))
    UNION ALL
    SELECT m.manager FROM current_manager m JOIN person_fact p ON p.id = m.manager AND p.active
    WHERE kind = 'manager' AND m.person = learner AND m.manager <> learner
$$;

-- Who may decide on each open request. `entry` is the place in the stage's list; 0: the whole stage, as a site administrator
-- does where nobody else is there, or where nobody decided in time.
CREATE VIEW named_approver AS
    SELECT s.request, s.entry, m.person FROM stage_approver s JOIN request r ON r.id = s.request
    CROSS JOIN LATERAL meant(r.person, s.kind, s.person, s.role) m
    WHERE r.status = 'open';
CREATE VIEW approver AS
    SELECT request, entry, person FROM named_approver
    UNION ALL
    SELECT r.id, 0, m.person FROM request r CROSS JOIN LATERAL meant(r.person, 'role', NULL, 'site-administrator') m
    WHERE r.status = 'open' AND (r.escalated OR NOT EXISTS (SELECT FROM named_approver n WHERE n.request = r.id));
-- The same with those to whom decisions are delegated today, who never decide on their own requests (APR-5).
CREATE VIEW acting_approver AS
    SELECT request, entry, person, NULL::uuid AS for_person FROM approver
    UNION ALL
    SELECT a.request, a.entry, d.delegate, d.person FROM delegation d JOIN approver a ON a.person = d.person
    JOIN request r ON r.id = a.request JOIN person_fact p ON p.id = d.delegate AND p.active
    WHERE today() BETWEEN d.starts AND d.ends AND d.delegate <> r.person;
