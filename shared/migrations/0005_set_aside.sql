-- What crashes a worker by itself (one person, rule, timer, job ...), set aside so that the rest goes on, until a person retries or
-- drops it (OPS-8). `about` holds references that a retry needs, never personal data.
CREATE TABLE set_aside (
    worker text NOT NULL,
    subject uuid NOT NULL,
    kind text NOT NULL,
    about jsonb NOT NULL DEFAULT '{}',
    error text NOT NULL,
    tries integer NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (worker, subject)
);

-- What a worker of this service raised last, and since when it has raised the same without a pause.
CREATE TABLE worker_error (
    worker text PRIMARY KEY,
    error text NOT NULL,
    times integer NOT NULL DEFAULT 1,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
