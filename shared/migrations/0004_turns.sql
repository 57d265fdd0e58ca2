-- When a job was worked on last: those that wait longest have the next turn.
ALTER TABLE job ADD COLUMN worked_at timestamptz;
DROP INDEX job_open;
CREATE INDEX job_open ON job ((coalesce(worked_at, created_at)), id) WHERE state IN ('waiting', 'running');
