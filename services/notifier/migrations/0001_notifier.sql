-- Facts. Each table has one source; they meet only in queries.

-- From catalog. title is null until the offering was described.
CREATE TABLE offering_fact (
    id uuid PRIMARY KEY,
    title text,
    kind text,
    notifications text[] NOT NULL
);

-- From directory.
CREATE TABLE person_fact (
    id uuid PRIMARY KEY,
    active boolean NOT NULL,
    home uuid
);
CREATE INDEX person_fact_home ON person_fact (home, id);

CREATE TABLE unit_fact (
    id uuid PRIMARY KEY,
    parent uuid
);
CREATE INDEX unit_fact_parent ON unit_fact (parent);

-- From directory.profiles: the personal data that an e-mail needs, and no more.
CREATE TABLE profile (
    person_id uuid PRIMARY KEY,
    revision integer NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    language text
);

-- From enrollment: the last term that was opened, and whether it still holds.
CREATE TABLE enrollment_fact (
    id uuid PRIMARY KEY,
    term integer NOT NULL,
    enrolled boolean NOT NULL
);

-- What leaves the house: one e-mail, whatever number of ledger rows it answers for. Never rebuilt.
CREATE TABLE message (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'withdrawn', 'unknown')),
    -- Why it is in this state, where the state alone does not say it.
    reason text,
    -- All that the e-mail needs was there when it was last looked at.
    ready boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    -- Which mailer holds it, or held it last without an answer.
    mailer integer,
    -- What the mail server answered last, without the address.
    answer_code integer,
    answer text,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);
CREATE INDEX message_due ON message (due_at, id) WHERE state = 'waiting' AND ready;
CREATE INDEX message_unready ON message (id) WHERE state = 'waiting' AND NOT ready;
CREATE INDEX message_sending ON message (mailer) WHERE state = 'sending';
CREATE INDEX message_state ON message (state);

-- Why an e-mail is sent: at most one per cause, recipient and template (NTF-4). Never rebuilt.
CREATE TABLE ledger (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    cause_stream uuid NOT NULL,
    cause_version integer NOT NULL,
    person_id uuid NOT NULL,
    template text NOT NULL,
    message_id uuid NOT NULL,
    cause_type text NOT NULL,
    caused_at timestamptz NOT NULL,
    batch uuid NOT NULL,
    offering_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    assignment_id uuid,
    term integer NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cause_stream, cause_version, person_id, template)
);
CREATE INDEX ledger_message ON ledger (message_id);
CREATE INDEX ledger_person ON ledger (person_id, number);
CREATE INDEX ledger_offering ON ledger (offering_id, number);
CREATE INDEX ledger_enrollment ON ledger (enrollment_id);

-- What is to become of a message that waits: the one rule of when an e-mail may go.
CREATE VIEW message_check AS
    SELECT l.message_id AS id,
        CASE
            WHEN e.id IS NULL OR e.term < l.term THEN 'enrollment'
            WHEN e.term > l.term THEN 'reason-gone'
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

-- A person's word on a message.
CREATE TABLE message_decision (
    message_id uuid NOT NULL,
    revision integer NOT NULL,
    action text NOT NULL CHECK (action IN ('resend', 'settled-sent', 'settled-failed', 'retry')),
    actor uuid NOT NULL,
    batch uuid NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (message_id, revision)
);

-- Each run of a mailer has a number, and holds an advisory lock of that number while it lives.
CREATE SEQUENCE mailer_number AS integer;

-- E-mail for events recorded before this moment may have been sent before a restore: it is unknown, not sent.
CREATE TABLE ledger_start (
    since timestamptz NOT NULL,
    single boolean PRIMARY KEY DEFAULT true CHECK (single)
);
INSERT INTO ledger_start (since) VALUES ('-infinity');

-- The mail catcher of the embedded suite. Every accepted e-mail is a row, repetitions too.
CREATE TABLE caught_mail (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    person_id uuid,
    message_id uuid,
    recipient text NOT NULL,
    subject text NOT NULL,
    raw bytea NOT NULL
);
CREATE INDEX caught_mail_person ON caught_mail (person_id, id);
CREATE INDEX caught_mail_recipient ON caught_mail (lower(recipient), id);
