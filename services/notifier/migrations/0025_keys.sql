-- E-mails with keys, warnings about pools, and the daily digest of what waits for a decision (KEY-11, NTF-1).

-- From directory: who manages operations of what. organisation is null: of everything.
CREATE TABLE operations_manager_fact (
    person_id uuid NOT NULL,
    organisation uuid,
    UNIQUE NULLS NOT DISTINCT (person_id, organisation)
);

-- From keys: whether a key is somebody's to redeem, and the event that its last e-mail is for. Never what is written on it.
CREATE TABLE key_fact (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    sending integer NOT NULL,
    open boolean NOT NULL
);
CREATE TABLE pool_fact (
    id uuid PRIMARY KEY,
    version integer NOT NULL,
    name text NOT NULL,
    expires timestamptz NOT NULL
);

-- Of a warning: the pool, the end that it is about, and how many percent are used, or keys unused; of a digest how many requests wait.
ALTER TABLE ledger ADD COLUMN pool_id uuid, ADD COLUMN pool_expires timestamptz, ADD COLUMN many integer;
-- A digest is about no offering. The person of an e-mail with a key is whoever it is for, by the id that the keys service has.
ALTER TABLE ledger ALTER COLUMN offering_id DROP NOT NULL;
CREATE INDEX ledger_pool ON ledger (pool_id) WHERE pool_id IS NOT NULL;

-- The revision of which the keys service was told; null: it is not to be told.
ALTER TABLE message ADD COLUMN told integer;
CREATE INDEX message_untold ON message (changed_at) WHERE told < revision;

CREATE OR REPLACE VIEW message_check AS
    SELECT l.message_id AS id,
        CASE
            WHEN l.template = 'key-sent' AND (NOT k.open OR k.sending <> l.cause_version) THEN 'reason-gone'
            WHEN l.template = 'key-sent' AND NOT p.active THEN 'inactive'
            WHEN l.template = 'key-sent' THEN 'ready'
            WHEN l.template = 'approvals-digest' AND now() >= l.caused_at + interval '1 day' THEN 'reason-gone'
            WHEN l.pool_id IS NOT NULL AND b.id IS NULL THEN 'pool'
            WHEN l.pool_expires <> b.expires THEN 'reason-gone'
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
            WHEN l.offering_id IS NOT NULL AND o.title IS NULL THEN 'offering'
            WHEN l.template <> 'exceptions' AND l.due_days IS NULL AND l.request_id IS NULL AND l.many IS NULL
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
    LEFT JOIN key_fact k ON l.template = 'key-sent' AND k.id = l.cause_stream
    LEFT JOIN pool_fact b ON b.id = l.pool_id
    LEFT JOIN request_fact r ON r.id = l.request_id
    LEFT JOIN enrollment_fact e ON e.id = l.enrollment_id
    LEFT JOIN due_fact d ON l.due_days IS NOT NULL AND d.enrollment_id = l.enrollment_id
    LEFT JOIN offering_fact o ON o.id = l.offering_id
    LEFT JOIN person_fact p ON p.id = l.person_id
    LEFT JOIN profile f ON f.person_id = l.person_id;
