-- Groups: what each says and allows, and who is in it. The group is its assignment.
CREATE TABLE learner_group (
    assignment uuid PRIMARY KEY,
    revision bigint NOT NULL,
    offering uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    allow_enrol boolean NOT NULL,
    allow_withdraw boolean NOT NULL,
    opens timestamptz,
    closes timestamptz
);
CREATE INDEX learner_group_offering ON learner_group (offering, assignment);
CREATE TABLE group_member (
    assignment uuid NOT NULL,
    person uuid NOT NULL,
    joined_by text NOT NULL,
    PRIMARY KEY (assignment, person)
);
CREATE INDEX group_member_person ON group_member (person);

-- The circuit breaker. Who is in the queue by a change of a feed that is not complete, or is held, has its batch and is not open.
ALTER TABLE dirty ADD COLUMN batch uuid;
CREATE INDEX dirty_batch ON dirty (batch, revision) WHERE batch IS NOT NULL;
CREATE TABLE feed_batch (
    batch uuid PRIMARY KEY,
    feed text NOT NULL,
    state text NOT NULL,
    enrolled integer NOT NULL DEFAULT 0,
    withdrawn integer NOT NULL DEFAULT 0,
    judged bigint NOT NULL DEFAULT 0,
    offerings jsonb NOT NULL DEFAULT '[]',
    held_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feed_batch_finished ON feed_batch (batch) WHERE state = 'finished';

-- Undoing a batch: whose grants a job takes back, and what could not be reversed.
ALTER TABLE scope_part ADD COLUMN assignment uuid;
CREATE TABLE irreversible (
    batch uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    why text NOT NULL,
    offering uuid NOT NULL,
    assignment uuid,
    person uuid,
    PRIMARY KEY (batch, number)
);
CREATE UNIQUE INDEX irreversible_once ON irreversible (batch, kind, offering, assignment, person) NULLS NOT DISTINCT;

-- Due dates and exceptions. `waiting`: what waits for an administrator, or was answered with 'do not assign', as JSON; mostly null.
ALTER TABLE assignment ADD COLUMN due text, ADD COLUMN undone boolean NOT NULL DEFAULT false;
ALTER TABLE learner_grant ADD COLUMN since date;
ALTER TABLE enrollment
    ADD COLUMN due date,
    ADD COLUMN due_by_hand boolean NOT NULL DEFAULT false,
    ADD COLUMN waiting text;
CREATE INDEX enrollment_waiting ON enrollment (offering) WHERE waiting IS NOT NULL;

-- Every assignment that waits (or was refused), by enrollment.
CREATE VIEW hold AS
    SELECT e.id AS enrollment, e.person, e.offering, h.assignment_id AS assignment, h.since, h.refused
    FROM enrollment e CROSS JOIN jsonb_to_recordset(e.waiting::jsonb -> 'holds') AS h (assignment_id uuid, since date, refused boolean)
    WHERE e.waiting IS NOT NULL;

-- Every exception that was ever raised, by the version of the event that raised it; the events say when, and who answered.
CREATE TABLE exception_case (
    enrollment uuid NOT NULL,
    raised bigint NOT NULL,
    person uuid NOT NULL,
    offering uuid NOT NULL,
    state text NOT NULL,
    kinds text[] NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (enrollment, raised)
);
CREATE INDEX exception_case_offering ON exception_case (offering, enrollment, raised);

-- What due dates count from. Apart from the other facts of the directory, so that the history can be read for it from the beginning
-- without touching those.
CREATE TABLE person_date (
    person uuid PRIMARY KEY,
    first_login date,
    dates jsonb NOT NULL
);
CREATE TABLE position_date (
    job uuid PRIMARY KEY,
    assigned_on date
);

-- What the catalog says: all of it is read once more, from the beginning.
CREATE FUNCTION courses_of(steps jsonb) RETURNS uuid[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(DISTINCT (step ->> 'course_id')::uuid), '{}') FROM jsonb_array_elements(steps) AS step
    WHERE step ->> 'course_id' IS NOT NULL
$$;
TRUNCATE offering_fact;
ALTER TABLE offering_fact
    ADD COLUMN minimum_minutes integer,
    ADD COLUMN earliest_due boolean NOT NULL DEFAULT false,
    ADD COLUMN courses uuid[] GENERATED ALWAYS AS (courses_of(steps)) STORED;
DELETE FROM high_water WHERE consumer = 'enrollment offerings';

-- The job that a due date counts from: the one that fits the assignment's target, else the earliest.
CREATE FUNCTION job_date(kind text, person uuid, target uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT CASE
            WHEN j.starts > today() THEN 'pending'
            WHEN kind = 'job-start' THEN coalesce(j.starts::text, 'unknown job-start')
            ELSE coalesce(d.assigned_on::text, 'unknown position-assigned')
        END
        FROM job_fact j LEFT JOIN position_date d ON d.job = j.id
        WHERE j.person = $2 AND (j.ends IS NULL OR j.ends >= today()) AND (kind = 'job-start' OR j.position IS NOT NULL)
        ORDER BY EXISTS (SELECT FROM unit_above u WHERE u.unit IN (j.position, j.organisation) AND u.above = target) DESC,
            j.starts NULLS FIRST, j.id
        LIMIT 1
    ), 'unknown ' || kind)
$$;

-- The enrollment date of a person by an assignment (DUE-1): when it came to hold the person, or to wait; today for who comes now.
CREATE FUNCTION since_date(assignment uuid, person uuid, offering uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT coalesce(g.since, (
            SELECT max(e.recorded_at AT TIME ZONE 'UTC')::date FROM events e WHERE e.stream = g.enrollment
                AND e.type = 'enrollment.LearnerAssigned.v1'
                AND convert_from(e.body, 'UTF8')::jsonb ->> 'assignment_id' = g.assignment::text
        )) FROM learner_grant g WHERE g.assignment = $1 AND g.person = $2),
        (SELECT h.since FROM hold h WHERE h.person = $2 AND h.offering = $3 AND h.assignment = $1),
        today()
    )::text
$$;

-- By when an assignment wants a person to be done: a day, 'pending', 'unknown' and what is empty, or null for never (DUE-1, DUE-2).
CREATE FUNCTION due_date(rule jsonb, assignment uuid, person uuid, offering uuid, target uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN base ~ '^[0-9]' THEN (base::date + CASE rule ->> 'unit'
            WHEN 'days' THEN make_interval(days => (rule ->> 'amount')::int)
            WHEN 'weeks' THEN make_interval(weeks => (rule ->> 'amount')::int)
            WHEN 'months' THEN make_interval(months => (rule ->> 'amount')::int)
            ELSE make_interval(years => (rule ->> 'amount')::int) END)::date::text ELSE base END
    FROM (SELECT CASE rule ->> 'kind'
        WHEN 'first-login' THEN coalesce((SELECT first_login::text FROM person_date d WHERE d.person = $3), 'pending')
        WHEN 'field' THEN coalesce(
            (SELECT d.dates ->> (rule ->> 'field') FROM person_date d WHERE d.person = $3), 'unknown field ' || (rule ->> 'field'))
        WHEN 'completion' THEN coalesce(
            (SELECT (e.completed_at AT TIME ZONE 'UTC')::date::text FROM enrollment e
                WHERE e.person = $3 AND e.offering = (rule ->> 'offering_id')::uuid), 'pending')
        WHEN 'enrollment' THEN since_date($2, $3, $4)
        ELSE job_date(rule ->> 'kind', $3, $5)
    END AS base) AS based
$$;
