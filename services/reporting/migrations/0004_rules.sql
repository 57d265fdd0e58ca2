-- enrollment: triggers.
CREATE TABLE trigger (
    position bigint PRIMARY KEY,
    trigger_id uuid NOT NULL,
    name text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX trigger_id ON trigger (trigger_id);
-- catalog: job roles. Some were described before anybody kept them here, so the catalog's events are read from the beginning.
CREATE TABLE job_role (
    position bigint PRIMARY KEY,
    job_role_id uuid NOT NULL,
    name text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX job_role_id ON job_role (job_role_id);
TRUNCATE offering;
DELETE FROM high_water WHERE consumer = 'reporting' AND source = 'catalog';
