-- Job roles; each row is written with the events that made it, and goes when the job role is removed.
CREATE TABLE job_role (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    qualifications uuid[] NOT NULL
);
CREATE UNIQUE INDEX job_role_code ON job_role (lower(code));
CREATE INDEX job_role_name ON job_role (lower(name), id);
