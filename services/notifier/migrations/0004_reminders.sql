-- Learners are reminded of due dates (DUE-8): before, and when they are overdue.

-- From enrollment: by when a learner has to be done. A day in the learner's time zone, at its end where no time is given.
CREATE TABLE due_fact (
    enrollment_id uuid PRIMARY KEY,
    version integer NOT NULL,
    person_id uuid NOT NULL,
    offering_id uuid NOT NULL,
    term integer NOT NULL,
    -- The term goes on, and there is something left to do in it.
    open boolean NOT NULL,
    due_on date,
    due_time text,
    -- What said so last, and when.
    set_at timestamptz NOT NULL,
    cause_type text NOT NULL,
    batch uuid NOT NULL
);
CREATE INDEX due_fact_open ON due_fact (due_on, enrollment_id) WHERE open;

-- From directory: which time zone an organisation sets; null: that of the one above.
CREATE TABLE zone_fact (
    id uuid PRIMARY KEY,
    time_zone text
);

-- The time zone of an organisation: its own, or that of the nearest one above that sets one.
CREATE FUNCTION zone_of (organisation uuid) RETURNS text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (id, parent, distance) AS (
        SELECT u.id, u.parent, 0 FROM unit_fact u WHERE u.id = organisation
        UNION ALL
        SELECT u.id, u.parent, up.distance + 1 FROM unit_fact u JOIN up ON u.id = up.parent
    )
    SELECT z.time_zone FROM up JOIN zone_fact z ON z.id = up.id WHERE z.time_zone IS NOT NULL ORDER BY distance LIMIT 1
$$;

-- The moment at which a due date is over in a time zone; null: in UTC.
CREATE FUNCTION due_moment (due_on date, due_time text, zone text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT (CASE WHEN due_time IS NULL THEN (due_on + 1)::timestamp ELSE due_on + due_time::time END) AT TIME ZONE coalesce(zone, 'UTC')
$$;

-- Of a reminder: the due date that it is about, and how many days before (negative) or after it this one is.
ALTER TABLE ledger ADD COLUMN due_on date, ADD COLUMN due_time text, ADD COLUMN due_days integer;

-- Of what was to be told before this version nobody is reminded.
ALTER TABLE ledger_start ADD COLUMN reminders_since timestamptz NOT NULL DEFAULT clock_timestamp();

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
            WHEN l.due_days IS NOT NULL AND d.enrollment_id IS NULL THEN 'enrollment'
            WHEN l.due_days IS NOT NULL AND (NOT d.open OR d.term <> l.term OR d.due_on IS DISTINCT FROM l.due_on
                OR d.due_time IS DISTINCT FROM l.due_time) THEN 'reason-gone'
            WHEN o.title IS NULL THEN 'offering'
            WHEN l.template <> 'exceptions' AND l.due_days IS NULL AND l.template <> ALL (o.notifications) THEN 'switched-off'
            WHEN p.id IS NULL THEN 'person'
            WHEN l.template = 'due-soon' AND now() >= due_moment(l.due_on, l.due_time, zone_of(p.home)) THEN 'reason-gone'
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
    LEFT JOIN due_fact d ON l.due_days IS NOT NULL AND d.enrollment_id = l.enrollment_id
    LEFT JOIN offering_fact o ON o.id = l.offering_id
    LEFT JOIN person_fact p ON p.id = l.person_id
    LEFT JOIN profile f ON f.person_id = l.person_id;
