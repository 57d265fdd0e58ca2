-- Switches for the whole system and for organisations, and texts of their own (NTF-2). organisation is null: the whole system.

CREATE TABLE mail_switches (
    organisation uuid UNIQUE NULLS NOT DISTINCT,
    off text[] NOT NULL,
    -- What managers get a copy of, whatever an offering says.
    copied text[] NOT NULL,
    revision integer NOT NULL,
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE own_text (
    organisation uuid,
    language text NOT NULL,
    template text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    -- Empty: made from the body.
    html text NOT NULL,
    revision integer NOT NULL,
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The text of the organisation above holds again; kept, so that its revision goes on.
    removed boolean NOT NULL DEFAULT false,
    UNIQUE NULLS NOT DISTINCT (organisation, language, template)
);

-- A text that somebody is writing, sent to whoever writes it. The case is a message whose particulars it shows; null: made up.
CREATE TABLE test_mail (
    message_id uuid PRIMARY KEY,
    template text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    html text NOT NULL,
    case_id uuid
);

-- An organisation, and everything above it; the whole system comes last, without an id.
CREATE FUNCTION upwards (organisation uuid) RETURNS TABLE (id uuid, distance integer) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (id, parent, distance) AS (
        SELECT u.id, u.parent, 0 FROM unit_fact u WHERE u.id = organisation
        UNION ALL
        SELECT u.id, u.parent, up.distance + 1 FROM unit_fact u JOIN up ON u.id = up.parent
    )
    SELECT up.id, up.distance FROM up UNION ALL SELECT NULL, 1000000
$$;

-- Off at one place is off for everybody below it.
CREATE FUNCTION switched_off (home uuid, occasion text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM upwards(home) up JOIN mail_switches s ON s.organisation IS NOT DISTINCT FROM up.id WHERE occasion = ANY(s.off))
$$;

-- The text of the nearest organisation that has one in this language.
CREATE FUNCTION text_of (home uuid, wanted text, of text)
RETURNS TABLE (organisation uuid, subject text, body text, html text, revision integer) LANGUAGE sql STABLE AS $$
    SELECT t.organisation, t.subject, t.body, t.html, t.revision
    FROM upwards(home) up JOIN own_text t ON t.organisation IS NOT DISTINCT FROM up.id
    WHERE t.template = of AND t.language = wanted AND NOT t.removed ORDER BY up.distance LIMIT 1
$$;

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
            WHEN told.of_term AND l.enrollment_id IS NOT NULL AND (e.id IS NULL OR e.term < l.term) THEN 'enrollment'
            WHEN told.of_term AND e.term > l.term THEN 'reason-gone'
            WHEN told.occasion = 'assigned' AND NOT e.enrolled THEN 'reason-gone'
            WHEN told.occasion IN ('withdrawn', 'access-expired') AND e.enrolled THEN 'enrollment'
            WHEN l.due_days IS NOT NULL AND d.enrollment_id IS NULL THEN 'enrollment'
            WHEN l.due_days IS NOT NULL AND (NOT d.open OR d.term <> l.term OR d.due_on IS DISTINCT FROM l.due_on
                OR d.due_time IS DISTINCT FROM l.due_time) THEN 'reason-gone'
            WHEN l.job_role_id IS NOT NULL AND (j.id IS NULL OR h.held IS NULL) THEN 'job-role'
            WHEN l.job_role_id IS NOT NULL AND NOT h.held THEN 'reason-gone'
            WHEN l.offering_id IS NOT NULL AND o.title IS NULL THEN 'offering'
            -- Its certificate is the reason for an e-mail of its own.
            WHEN told.occasion = 'completed' AND l.serial IS NULL AND o.certified THEN 'reason-gone'
            WHEN told.occasion = ANY(o.off) THEN 'switched-off'
            WHEN told.occasion IN ('assigned', 'withdrawn', 'completed') AND told.occasion <> ALL (o.notifications) THEN 'switched-off'
            WHEN p.id IS NULL THEN 'person'
            WHEN EXISTS (SELECT FROM mail_switches s WHERE told.occasion = ANY(s.off)) AND switched_off(p.home, told.occasion)
                THEN 'switched-off'
            -- Of a day that is over nobody is told that it comes.
            WHEN told.occasion IN ('due-soon', 'certificate-expiring', 'access-expiring') AND now() >= due_moment(
                l.due_on, l.due_time, zone_of((SELECT home FROM person_fact WHERE id = coalesce(l.learner_id, l.person_id)))
            ) THEN 'reason-gone'
            WHEN l.template = 'withdrawn' AND (NOT p.active OR (l.caused_at >= p.left_at AND l.caused_at < p.back_at)) THEN 'reason-gone'
            WHEN NOT p.active THEN 'inactive'
            WHEN f.person_id IS NULL THEN 'profile'
            WHEN l.template = 'exceptions' THEN (
                SELECT CASE WHEN bool_or(x.held) THEN 'ready' WHEN count(*) > 0 THEN 'reason-gone' ELSE 'scope' END
                FROM exceptions_for(l.batch, l.offering_id, l.person_id) x
            )
            WHEN (l.stage IS NOT NULL OR told.occasion <> l.template)
                AND NOT EXISTS (SELECT FROM profile a WHERE a.person_id = l.learner_id) THEN 'profile'
            ELSE 'ready'
        END AS verdict
    FROM ledger l
    CROSS JOIN LATERAL (
        SELECT CASE WHEN right(l.template, 5) = '-copy' THEN left(l.template, -5) ELSE l.template END AS occasion
    ) AS base
    CROSS JOIN LATERAL (
        SELECT base.occasion, l.serial IS NULL AND base.occasion NOT IN ('completed', 'certificate-expiring', 'certificate-expired')
            AS of_term
    ) AS told
    LEFT JOIN key_fact k ON l.template = 'key-sent' AND k.id = l.cause_stream
    LEFT JOIN pool_fact b ON b.id = l.pool_id
    LEFT JOIN request_fact r ON r.id = l.request_id
    LEFT JOIN enrollment_fact e ON e.id = l.enrollment_id
    LEFT JOIN deadline d ON l.due_days IS NOT NULL AND d.enrollment_id = l.enrollment_id AND d.kind = CASE
        WHEN told.occasion IN ('due-soon', 'overdue') THEN 'due' WHEN told.occasion = 'access-expiring' THEN 'access' ELSE 'certificate' END
    LEFT JOIN offering_fact o ON o.id = l.offering_id
    LEFT JOIN job_role_fact j ON j.id = l.job_role_id
    LEFT JOIN LATERAL (
        SELECT bool_or(x.held) AS held FROM job_role_holding x
        WHERE x.person_id = coalesce(l.learner_id, l.person_id) AND x.job_role_id = l.job_role_id
    ) AS h ON l.job_role_id IS NOT NULL
    LEFT JOIN person_fact p ON p.id = l.person_id
    LEFT JOIN profile f ON f.person_id = l.person_id;
