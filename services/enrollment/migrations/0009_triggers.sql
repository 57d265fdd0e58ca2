-- Whether a qualification is required of an assignment's learners, or optional.
ALTER TABLE assignment ADD COLUMN required boolean NOT NULL DEFAULT true;

-- Job roles: what the catalog says of them, and who holds one by hand.
CREATE TABLE job_role_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    qualifications jsonb NOT NULL,
    removed boolean NOT NULL
);
CREATE TABLE job_role_holder (
    job_role uuid NOT NULL,
    person uuid NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (job_role, person)
);
CREATE INDEX job_role_holder_person ON job_role_holder (person);

-- Triggers. `begun`: whoever fulfilled the condition before it was there is on record, and it acts on everybody else.
CREATE TABLE trigger (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    target uuid,
    include_below boolean NOT NULL,
    field text,
    on_or_after date,
    on_or_before date,
    assignment uuid,
    offering uuid,
    job_role uuid,
    undo boolean NOT NULL,
    live boolean NOT NULL,
    taken_back boolean NOT NULL,
    batch uuid NOT NULL,
    created_at timestamptz NOT NULL,
    begun boolean NOT NULL DEFAULT false
);
CREATE INDEX trigger_created ON trigger (created_at, id);

-- One person and one trigger: whether the condition was true when it was looked at last, and whether the trigger assigns.
-- `version`: of their stream; 0: nothing has happened.
CREATE TABLE trigger_standing (
    trigger uuid NOT NULL,
    person uuid NOT NULL,
    version bigint NOT NULL,
    met boolean NOT NULL,
    fired boolean NOT NULL,
    PRIMARY KEY (trigger, person)
);
CREATE INDEX trigger_standing_person ON trigger_standing (person);

-- What of an undone batch is not about an offering.
ALTER TABLE irreversible ALTER COLUMN offering DROP NOT NULL;
