-- Live assignments of the enrollment service, by what they are for: a unit that has some is not removed (ASG-10).
CREATE TABLE assignment_fact (
    id uuid PRIMARY KEY,
    target uuid NOT NULL
);
CREATE INDEX assignment_fact_target ON assignment_fact (target);
