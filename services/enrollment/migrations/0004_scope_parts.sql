-- Whom a job has to evaluate, in parts: one row for some thousand people. The jobs that run list theirs again.
CREATE TABLE scope_part (
    job uuid NOT NULL,
    number integer NOT NULL,
    people uuid[] NOT NULL,
    PRIMARY KEY (job, number)
);
ALTER TABLE scope_part ALTER COLUMN people SET STORAGE EXTERNAL;
DELETE FROM plan_person p WHERE NOT EXISTS (SELECT FROM plan WHERE plan.id = p.plan);
-- Nobody asks for grants by person: the enrollment, or the assignment, is always known.
DROP INDEX learner_grant_person;
