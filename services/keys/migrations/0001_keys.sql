-- State, written with its events.
CREATE TABLE pool (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    name text NOT NULL,
    name_folded text NOT NULL,
    offering uuid NOT NULL,
    organisation uuid NOT NULL,
    starts timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    access_days integer NOT NULL,
    share_below boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX pool_name ON pool (name_folded, id);
CREATE INDEX pool_organisation ON pool (organisation);

CREATE TABLE training_key (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    pool uuid NOT NULL,
    state text NOT NULL,
    fingerprint text NOT NULL,
    generated boolean NOT NULL,
    added_at timestamptz NOT NULL,
    person uuid,
    assignment uuid,
    redeemed_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX training_key_pool ON training_key (pool, added_at DESC, id);
CREATE INDEX training_key_state ON training_key (pool, state, added_at DESC, id);

-- The only place where keys can be found by their secret, and be read again: by a keyed hash, and encrypted, both with keys that
-- are not in the database. It is no part of the history, and no other service reads it (KEY-10).
CREATE TABLE key_secret (
    key uuid PRIMARY KEY,
    version integer NOT NULL,
    hash bytea NOT NULL,
    cipher bytea NOT NULL
);
CREATE UNIQUE INDEX key_secret_hash ON key_secret (hash);
CREATE INDEX key_secret_version ON key_secret (version, key);

CREATE TABLE redemption (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    key uuid NOT NULL,
    person uuid NOT NULL,
    offering uuid NOT NULL,
    state text NOT NULL,
    assignment uuid,
    kind text,
    at timestamptz NOT NULL
);
CREATE INDEX redemption_person ON redemption (person, offering);
CREATE INDEX redemption_key ON redemption (key);

CREATE TABLE pool_export (
    id uuid PRIMARY KEY,
    pool uuid NOT NULL,
    format text NOT NULL,
    state text,
    keys bigint NOT NULL,
    actor uuid NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX pool_export_pool ON pool_export (pool, at DESC, id);

-- Facts of the directory.
CREATE TABLE person_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    active boolean NOT NULL,
    home uuid
);
CREATE TABLE unit_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind text NOT NULL,
    parent uuid,
    name text NOT NULL
);
CREATE INDEX unit_fact_parent ON unit_fact (parent);
CREATE TABLE unit_above (
    unit uuid NOT NULL,
    above uuid NOT NULL,
    PRIMARY KEY (unit, above)
);
CREATE INDEX unit_above_above ON unit_above (above, unit);

-- Of the directory's profiles: the names of whoever redeemed or exported.
CREATE TABLE profile (
    person_id uuid PRIMARY KEY,
    revision integer NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    user_name text NOT NULL,
    first_name_folded text,
    last_name_folded text,
    email_folded text
);

-- Facts of the catalog.
CREATE TABLE offering_fact (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    title text NOT NULL,
    active boolean NOT NULL,
    access_days integer
);

-- Of enrollment: its answer to each reserved key, and how the assignments of those who redeem stand.
CREATE TABLE admission (
    redemption uuid PRIMARY KEY,
    assignment uuid,
    kind text,
    detail text,
    CHECK ((assignment IS NULL) <> (kind IS NULL))
);
CREATE TABLE grant_fact (
    assignment uuid PRIMARY KEY,
    enrollment uuid NOT NULL,
    term integer,
    awaits_payment boolean NOT NULL,
    awaits_exception boolean NOT NULL
);
CREATE INDEX grant_fact_enrollment ON grant_fact (enrollment);

-- Answers that are not carried out yet: the key is still reserved.
CREATE TABLE unsettled (
    redemption uuid PRIMARY KEY,
    meta text NOT NULL
);
