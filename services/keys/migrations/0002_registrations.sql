-- Organisations, as registration with a key sees them: what they are called from outside, and what they set of their profile.
CREATE TABLE organisation_fact (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    anonymous_registration boolean,
    key_field boolean
);
CREATE INDEX organisation_fact_code ON organisation_fact (code);

-- Registrations with a key: what is needed to carry each to its end, or to take it back. Nothing of it tells who it is: names, e-mail
-- and password are with whoever asks, and then in the directory.
CREATE TABLE registration (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    command text NOT NULL,
    request text NOT NULL,
    key uuid NOT NULL,
    person uuid NOT NULL,
    redemption uuid NOT NULL,
    batch uuid NOT NULL,
    state text NOT NULL,
    kind text,
    due timestamptz,
    at timestamptz NOT NULL
);
CREATE UNIQUE INDEX registration_command ON registration (command) WHERE state <> 'undone';
CREATE INDEX registration_open ON registration (at) WHERE state IN ('held', 'reserved', 'undoing');
