-- When a job was worked on last: where jobs take turns, those that wait longest have the next one.
ALTER TABLE job ADD COLUMN worked_at timestamptz;
