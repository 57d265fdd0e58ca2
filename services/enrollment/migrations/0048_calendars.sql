-- Private addresses of calendars of due dates (NTF-8). The secret itself is kept nowhere.
CREATE TABLE calendar_address (
    hash bytea PRIMARY KEY,
    person uuid NOT NULL,
    language text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    -- Kept for a time, so that a program that still asks for it does not use up what its address may try.
    ended_at timestamptz
);
CREATE UNIQUE INDEX calendar_address_person ON calendar_address (person) WHERE ended_at IS NULL;
CREATE INDEX calendar_address_ended ON calendar_address (ended_at) WHERE ended_at IS NOT NULL;

-- What calendars have shown of an enrollment last: `sequence` rises when that changes, however it does.
CREATE TABLE calendar_entry (
    enrollment uuid PRIMARY KEY,
    digest bytea NOT NULL,
    sequence integer NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT date_trunc('second', now())
);
