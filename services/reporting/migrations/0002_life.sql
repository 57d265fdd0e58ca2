-- How a term ended, what it waits for, and which course assignments were cancelled.
ALTER TABLE standing ADD COLUMN ended text, ADD COLUMN waits_for text;
CREATE TABLE cancellation (
    position bigint PRIMARY KEY,
    enrollment_id uuid NOT NULL,
    assignment_id uuid NOT NULL,
    cancelled_in integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz
);
CREATE INDEX cancellation_enrollment ON cancellation (enrollment_id, assignment_id);
