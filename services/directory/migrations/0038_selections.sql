-- Everybody whom a search found when somebody selected them all, kept for a while: what is confirmed is what was counted (ASG-4).
CREATE TABLE selection (
    id uuid PRIMARY KEY,
    caller uuid NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX selection_age ON selection (counted_at);
CREATE TABLE selected_person (
    selection uuid NOT NULL REFERENCES selection (id) ON DELETE CASCADE,
    person uuid NOT NULL,
    PRIMARY KEY (selection, person)
);
