-- A preview of a large selection is counted in parts, by a job that can be left: whom each part is about, and what was decided.
CREATE TABLE plan_part (
    plan uuid NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
    number integer NOT NULL,
    people uuid[] NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (plan, number)
);
