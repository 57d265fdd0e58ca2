-- What every service's database has. SQL works from PostgreSQL 15 on.

-- One history is one epoch; a restore or a lossy failover starts another (DESIGN 2).
CREATE TABLE epoch (
    id uuid NOT NULL,
    single boolean PRIMARY KEY DEFAULT true CHECK (single)
);
INSERT INTO epoch (id) VALUES (gen_random_uuid());

-- The store. Written only under the append lock: positions have no gaps and become visible in order.
CREATE TABLE events (
    position bigint PRIMARY KEY,
    stream uuid NOT NULL,
    version integer NOT NULL,
    type text NOT NULL,
    recorded_at timestamptz NOT NULL,
    meta text NOT NULL,
    body bytea NOT NULL
);
CREATE UNIQUE INDEX events_stream ON events (stream, version);

CREATE TABLE snapshot (
    stream uuid NOT NULL,
    version integer NOT NULL,
    type text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (stream, version)
);

-- The only thing another service may read here.
CREATE VIEW published_log AS
    SELECT e.position, (SELECT id FROM epoch) AS epoch, e.stream, e.version, e.type, e.recorded_at, e.meta, e.body
    FROM events e;

-- A command is carried out once; its key with another request is refused. organisation is nil where there is none.
CREATE TABLE command (
    caller uuid NOT NULL,
    organisation uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    batch uuid NOT NULL,
    position bigint NOT NULL,
    result text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, organisation, key)
);
CREATE INDEX command_age ON command (recorded_at);

-- How far a consumer has taken a source, in positions of that source's store.
CREATE TABLE high_water (
    consumer text NOT NULL,
    source text NOT NULL,
    partition integer NOT NULL,
    epoch uuid NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (consumer, source, partition)
);

-- Events that crashed their handler, and every later event of the same key, until a person retries or drops them.
CREATE TABLE parked_event (
    consumer text NOT NULL,
    source text NOT NULL,
    key uuid NOT NULL,
    position bigint NOT NULL,
    previous bigint NOT NULL,
    epoch uuid NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    recorded_at timestamptz NOT NULL,
    meta text NOT NULL,
    body bytea NOT NULL,
    error text,
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source, key, position)
);

-- Long work, done in steps; each step commits its effects and the cursor together.
CREATE TABLE job (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    args jsonb NOT NULL,
    cursor jsonb NOT NULL DEFAULT '{}',
    revision bigint NOT NULL DEFAULT 0,
    done bigint NOT NULL DEFAULT 0,
    total bigint,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'finished', 'failed')),
    error text,
    result jsonb,
    meta text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX job_open ON job (created_at, id) WHERE state IN ('waiting', 'running');

-- A command to be run when its time has come.
CREATE TABLE timer (
    id uuid PRIMARY KEY,
    due timestamptz NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    meta text NOT NULL
);
CREATE INDEX timer_due ON timer (due, id);

-- Free text that people wrote. Events hold the id and a salted digest (DESIGN 2).
CREATE TABLE personal_text (
    id uuid PRIMARY KEY,
    subject uuid NOT NULL,
    salt bytea NOT NULL,
    text text NOT NULL
);
CREATE INDEX personal_text_subject ON personal_text (subject);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollbook_feed') THEN
        GRANT SELECT ON published_log TO rollbook_feed;
    END IF;
END
$$;
