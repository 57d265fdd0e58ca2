-- Whoever is suspended is withdrawn for that reason, gets no e-mail, and is assigned again when back: then 'withdrawn' tells nothing.
-- When the person left last, and when they came back after it.
ALTER TABLE person_fact ADD COLUMN left_at timestamptz, ADD COLUMN back_at timestamptz;

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
            WHEN l.template = 'withdrawn' AND (NOT p.active OR (l.caused_at >= p.left_at AND l.caused_at < p.back_at)) THEN 'reason-gone'
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
