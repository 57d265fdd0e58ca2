-- Approvers are told of requests that wait for them, and learners of what was decided (NTF-1, APR-1, APR-2).

-- From approvals: which stage of a request is open, if any.
CREATE TABLE request_fact (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    stage integer NOT NULL,
    open boolean NOT NULL
);

-- Of such an e-mail: the request, what it asks, who asked, and the stage that waits for the recipient.
ALTER TABLE ledger ADD COLUMN request_id uuid, ADD COLUMN request_kind text, ADD COLUMN learner_id uuid, ADD COLUMN stage integer;
CREATE INDEX ledger_request ON ledger (request_id) WHERE request_id IS NOT NULL;

CREATE OR REPLACE VIEW message_check AS
    SELECT l.message_id AS id,
        CASE
            WHEN l.template = 'exceptions' AND NOT EXISTS (
                SELECT FROM exception_case c
                WHERE c.batch = l.batch AND c.offering_id = l.offering_id AND c.waiting <> '{}'
            ) THEN 'reason-gone'
            WHEN l.stage IS NOT NULL AND (NOT r.open OR r.stage <> l.stage) THEN 'reason-gone'
            WHEN l.enrollment_id IS NOT NULL AND l.serial IS NULL AND (e.id IS NULL OR e.term < l.term) THEN 'enrollment'
            WHEN l.serial IS NULL AND e.term > l.term THEN 'reason-gone'
            WHEN l.template = 'assigned' AND NOT e.enrolled THEN 'reason-gone'
            WHEN l.template = 'withdrawn' AND e.enrolled THEN 'enrollment'
            WHEN l.due_days IS NOT NULL AND d.enrollment_id IS NULL THEN 'enrollment'
            WHEN l.due_days IS NOT NULL AND (NOT d.open OR d.term <> l.term OR d.due_on IS DISTINCT FROM l.due_on
                OR d.due_time IS DISTINCT FROM l.due_time) THEN 'reason-gone'
            WHEN o.title IS NULL THEN 'offering'
            WHEN l.template <> 'exceptions' AND l.due_days IS NULL AND l.request_id IS NULL
                AND l.template <> ALL (o.notifications) THEN 'switched-off'
            WHEN p.id IS NULL THEN 'person'
            WHEN l.template = 'due-soon' AND now() >= due_moment(l.due_on, l.due_time, zone_of(p.home)) THEN 'reason-gone'
            WHEN l.template = 'withdrawn' AND (NOT p.active OR (l.caused_at >= p.left_at AND l.caused_at < p.back_at)) THEN 'reason-gone'
            WHEN NOT p.active THEN 'inactive'
            WHEN f.person_id IS NULL THEN 'profile'
            WHEN l.template = 'exceptions' THEN (
                SELECT CASE WHEN bool_or(x.held) THEN 'ready' WHEN count(*) > 0 THEN 'reason-gone' ELSE 'scope' END
                FROM exceptions_for(l.batch, l.offering_id, l.person_id) x
            )
            WHEN l.stage IS NOT NULL AND NOT EXISTS (SELECT FROM profile a WHERE a.person_id = l.learner_id) THEN 'profile'
            ELSE 'ready'
        END AS verdict
    FROM ledger l
    LEFT JOIN request_fact r ON r.id = l.request_id
    LEFT JOIN enrollment_fact e ON e.id = l.enrollment_id
    LEFT JOIN due_fact d ON l.due_days IS NOT NULL AND d.enrollment_id = l.enrollment_id
    LEFT JOIN offering_fact o ON o.id = l.offering_id
    LEFT JOIN person_fact p ON p.id = l.person_id
    LEFT JOIN profile f ON f.person_id = l.person_id;
