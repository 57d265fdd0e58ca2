-- Every occasion of NTF-1: completions without a certificate, the badge's name, completions and access that expire, job roles, and
-- copies to managers; switches and reminders of an offering (CAT-17).

-- What an offering says of its e-mails beside `notifications`. Reminders that are null: as the suite is set.
ALTER TABLE offering_fact
    ADD COLUMN badge text,
    ADD COLUMN certified boolean NOT NULL DEFAULT false,
    ADD COLUMN off text[] NOT NULL DEFAULT '{}',
    ADD COLUMN copied text[] NOT NULL DEFAULT '{}',
    ADD COLUMN due_reminders integer[],
    ADD COLUMN certificate_reminders integer[],
    ADD COLUMN access_reminders integer[];
-- The badge is in what was told before: the catalog is read once more, from the beginning.
TRUNCATE offering_fact;
DELETE FROM high_water WHERE consumer = 'notifier.offerings';

-- From enrollment: until which day a completion counts ('certificate'), and access lasts ('access'). A day in the learner's time zone.
CREATE TABLE expiry_fact (
    enrollment_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('certificate', 'access')),
    version integer NOT NULL,
    person_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    term integer NOT NULL,
    -- Access that is needed, or a completion that counts.
    open boolean NOT NULL,
    due_on date,
    -- What said so last, and when.
    set_at timestamptz NOT NULL,
    cause_type text NOT NULL,
    batch uuid NOT NULL,
    -- Of access: the last day that each assignment gives, as JSON.
    grants text NOT NULL DEFAULT '{}',
    PRIMARY KEY (enrollment_id, kind)
);
CREATE INDEX expiry_fact_open ON expiry_fact (kind, due_on, enrollment_id) WHERE open;

CREATE VIEW deadline AS
    SELECT 'due' AS kind, enrollment_id, person_id, offering_id, term, open, due_on, due_time, set_at, cause_type, batch FROM due_fact
    UNION ALL
    SELECT kind, enrollment_id, person_id, offering_id, term, open, due_on, NULL, set_at, cause_type, batch FROM expiry_fact;

-- From catalog: how job roles are called.
CREATE TABLE job_role_fact (
    id uuid PRIMARY KEY,
    name text NOT NULL
);

-- From enrollment: who has which job role, by hand or by a trigger; the stream is that of the pair.
CREATE TABLE job_role_holding (
    stream uuid PRIMARY KEY,
    version integer NOT NULL,
    person_id uuid NOT NULL,
    job_role_id uuid NOT NULL,
    held boolean NOT NULL
);
CREATE INDEX job_role_holding_person ON job_role_holding (person_id, job_role_id);

-- From directory: who manages whom, by job assignments.
CREATE TABLE manager_fact (
    job uuid PRIMARY KEY,
    version integer NOT NULL,
    person_id uuid NOT NULL,
    manager uuid,
    temporary_manager uuid,
    temporary_until date,
    starts date,
    ends date
);
CREATE INDEX manager_fact_person ON manager_fact (person_id);

-- Who manages a person on a day.
CREATE FUNCTION managers_of (person uuid, day date) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT m.manager FROM (
        SELECT manager FROM manager_fact
        WHERE person_id = person AND coalesce(starts <= day, true) AND coalesce(ends >= day, true)
        UNION
        SELECT temporary_manager FROM manager_fact
        WHERE person_id = person AND coalesce(starts <= day, true) AND coalesce(ends >= day, true) AND temporary_until >= day
    ) m JOIN person_fact p ON p.id = m.manager AND p.active
    WHERE m.manager <> person
$$;

ALTER TABLE ledger
    ADD COLUMN job_role_id uuid,
    -- Whether managers may be due a copy, once the e-mail has been sent.
    ADD COLUMN copying boolean NOT NULL DEFAULT false;
CREATE INDEX ledger_copying ON ledger (number) WHERE copying;
CREATE INDEX ledger_job_role ON ledger (job_role_id) WHERE job_role_id IS NOT NULL;

-- Of what happened, or was to be told, before this version nobody is told, when a history is read again.
ALTER TABLE ledger_start ADD COLUMN occasions_since timestamptz NOT NULL DEFAULT clock_timestamp();
