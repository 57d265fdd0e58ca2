-- Administrators are told of new exceptions (DUE-7): one e-mail for each batch, offering and administrator.

-- From directory: who is site administrator of what. organisation is null: of everything.
CREATE TABLE administrator_fact (
    person_id uuid NOT NULL,
    organisation uuid,
    UNIQUE NULLS NOT DISTINCT (person_id, organisation)
);

-- From enrollment: whom an exception holds back, and by which assignments; by none: it was answered, or is over.
-- Never rebuilt, as the ledger: by the version of the last event an event taken again is known.
CREATE TABLE exception_case (
    enrollment_id uuid PRIMARY KEY,
    version integer NOT NULL,
    batch uuid NOT NULL,
    person_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    kinds text[] NOT NULL,
    waiting uuid[] NOT NULL
);
CREATE INDEX exception_case_notice ON exception_case (batch, offering_id);

-- What administrators are to be told of. Never rebuilt.
CREATE TABLE exception_notice (
    batch uuid NOT NULL,
    offering_id uuid NOT NULL,
    raised_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    -- Everybody who is to be told has a row in the ledger.
    addressed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (batch, offering_id)
);
CREATE INDEX exception_notice_due ON exception_notice (due_at) WHERE NOT addressed;

-- Of exceptions from before this version nobody is told, when enrollment's history is read again.
ALTER TABLE ledger_start ADD COLUMN exceptions_since timestamptz NOT NULL DEFAULT clock_timestamp();

-- Such an e-mail is about many enrollments.
ALTER TABLE ledger ALTER COLUMN enrollment_id DROP NOT NULL, ALTER COLUMN term DROP NOT NULL;
CREATE INDEX ledger_exceptions ON ledger (batch, offering_id) WHERE template = 'exceptions';

-- The exceptions of a batch and an offering, of learners whom this administrator is responsible for (SEC-2).
CREATE FUNCTION exceptions_for (of_batch uuid, of_offering uuid, administrator uuid)
RETURNS TABLE (held boolean, kinds text[]) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE below (id) AS (
        SELECT organisation FROM administrator_fact WHERE person_id = administrator
        UNION
        SELECT u.id FROM unit_fact u JOIN below b ON u.parent = b.id
    )
    SELECT c.waiting <> '{}', c.kinds FROM exception_case c JOIN person_fact p ON p.id = c.person_id
    WHERE c.batch = of_batch AND c.offering_id = of_offering
    AND (p.home IN (SELECT id FROM below) OR EXISTS (SELECT FROM below WHERE id IS NULL))
$$;

CREATE OR REPLACE VIEW message_check AS
    SELECT l.message_id AS id,
        CASE
            WHEN l.template = 'exceptions' AND NOT EXISTS (
                SELECT FROM exception_case c
                WHERE c.batch = l.batch AND c.offering_id = l.offering_id AND c.waiting <> '{}'
            ) THEN 'reason-gone'
            WHEN l.enrollment_id IS NOT NULL AND l.serial IS NULL AND (e.id IS NULL OR e.term < l.term) THEN 'enrollment'
            WHEN l.serial IS NULL AND e.term > l.term THEN 'reason-gone'
            WHEN l.template = 'assigned' AND NOT e.enrolled THEN 'reason-gone'
            WHEN l.template = 'withdrawn' AND e.enrolled THEN 'enrollment'
            WHEN o.title IS NULL THEN 'offering'
            WHEN l.template <> 'exceptions' AND l.template <> ALL (o.notifications) THEN 'switched-off'
            WHEN p.id IS NULL THEN 'person'
            WHEN NOT p.active THEN 'inactive'
            WHEN f.person_id IS NULL THEN 'profile'
            WHEN l.template = 'exceptions' THEN (
                SELECT CASE WHEN bool_or(x.held) THEN 'ready' WHEN count(*) > 0 THEN 'reason-gone' ELSE 'scope' END
                FROM exceptions_for(l.batch, l.offering_id, l.person_id) x
            )
            ELSE 'ready'
        END AS verdict
    FROM ledger l
    LEFT JOIN enrollment_fact e ON e.id = l.enrollment_id
    LEFT JOIN offering_fact o ON o.id = l.offering_id
    LEFT JOIN person_fact p ON p.id = l.person_id
    LEFT JOIN profile f ON f.person_id = l.person_id;
