-- An enrollment's life: how a term ended, payment, review, access, certificates.
ALTER TABLE enrollment
    ADD COLUMN ended text,
    ADD COLUMN launched boolean NOT NULL DEFAULT false,
    ADD COLUMN submitted boolean NOT NULL DEFAULT false,
    ADD COLUMN rejection uuid,
    ADD COLUMN payment text NOT NULL DEFAULT 'none',
    ADD COLUMN access_until date,
    ADD COLUMN valid_until date,
    ADD COLUMN serial text,
    ADD COLUMN revoked boolean NOT NULL DEFAULT false;
UPDATE enrollment SET ended = 'withdrawn' WHERE NOT live AND term > 0;
CREATE INDEX enrollment_access ON enrollment (access_until) WHERE live AND completed_at IS NULL AND access_until IS NOT NULL;
CREATE INDEX enrollment_submitted ON enrollment (id) WHERE submitted;
CREATE INDEX enrollment_serial ON enrollment (serial) WHERE serial IS NOT NULL;

ALTER TABLE learner_grant ADD COLUMN access_until date;
ALTER TABLE assignment
    ADD COLUMN access_days integer,
    ADD COLUMN note uuid,
    ADD COLUMN important boolean NOT NULL DEFAULT false;

-- What the catalog says beyond the number of steps: all of it is read once more, from the beginning.
TRUNCATE offering_fact;
ALTER TABLE offering_fact
    DROP COLUMN steps,
    ADD COLUMN code text NOT NULL DEFAULT '',
    ADD COLUMN steps jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN in_order boolean NOT NULL DEFAULT false,
    ADD COLUMN review boolean NOT NULL DEFAULT false,
    ADD COLUMN access text NOT NULL DEFAULT 'request',
    ADD COLUMN access_days integer,
    ADD COLUMN certificate boolean NOT NULL DEFAULT false,
    ADD COLUMN badge text,
    ADD COLUMN price jsonb,
    ADD COLUMN opens timestamptz,
    ADD COLUMN closes timestamptz,
    ADD COLUMN credit boolean NOT NULL DEFAULT false;
DELETE FROM high_water WHERE consumer = 'enrollment offerings';

-- Certificates that were ever issued: the one of a completion that was replaced or taken back stays verifiable, as what it is now.
CREATE TABLE certificate (
    serial text PRIMARY KEY,
    enrollment uuid NOT NULL,
    person uuid NOT NULL,
    offering uuid NOT NULL,
    completed_on date NOT NULL,
    valid_until date,
    revoked boolean NOT NULL,
    reason uuid
);
CREATE INDEX certificate_person ON certificate (person, completed_on, serial);

-- Orders, and every notice of the payment provider, refused ones too. A notice is known by its id.
CREATE TABLE purchase (
    id uuid PRIMARY KEY,
    enrollment uuid NOT NULL,
    term integer NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    state text NOT NULL,
    checkout text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX purchase_enrollment ON purchase (enrollment, created_at);
CREATE TABLE payment_notice (
    id text PRIMARY KEY,
    purchase uuid,
    kind text,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text NOT NULL
);

-- Who people are today, for the names on certificates and for imports by e-mail.
CREATE TABLE profile (
    person_id uuid PRIMARY KEY,
    revision integer NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    user_name text NOT NULL
);
CREATE INDEX profile_email ON profile (lower(email));
