-- Jobs as a list, newest first, and exceptions that wait, to be counted.
CREATE INDEX job_created ON job (created_at, id);
CREATE INDEX exception_case_waiting ON exception_case (offering, person) WHERE state IN ('open', 'dismissed');
