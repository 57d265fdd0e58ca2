-- E-mail on a completion that can be shown and shared. It speaks of a certificate; whether the learner is still enrolled does not matter.
ALTER TABLE ledger ADD COLUMN serial text;
CREATE INDEX ledger_serial ON ledger (serial) WHERE serial IS NOT NULL;
CREATE OR REPLACE VIEW message_check AS
    SELECT l.message_id AS id,
        CASE
            WHEN l.serial IS NULL AND (e.id IS NULL OR e.term < l.term) THEN 'enrollment'
            WHEN l.serial IS NULL AND e.term > l.term THEN 'reason-gone'
            WHEN l.template = 'assigned' AND NOT e.enrolled THEN 'reason-gone'
            WHEN l.template = 'withdrawn' AND e.enrolled THEN 'enrollment'
            WHEN o.title IS NULL THEN 'offering'
            WHEN l.template <> ALL (o.notifications) THEN 'switched-off'
            WHEN p.id IS NULL THEN 'person'
            WHEN NOT p.active THEN 'inactive'
            WHEN f.person_id IS NULL THEN 'profile'
            ELSE 'ready'
        END AS verdict
    FROM ledger l
    LEFT JOIN enrollment_fact e ON e.id = l.enrollment_id
    LEFT JOIN offering_fact o ON o.id = l.offering_id
    LEFT JOIN person_fact p ON p.id = l.person_id
    LEFT JOIN profile f ON f.person_id = l.person_id;

-- There is one notification more, and it is on where nothing was said: the catalog is read once more, from the beginning.
TRUNCATE offering_fact;
DELETE FROM high_water WHERE consumer = 'notifier.offerings';
