-- What a person decided about a parked entry. No bodies: what it said is gone, or was taken.
CREATE TABLE letter_decision (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    source text NOT NULL,
    key uuid NOT NULL,
    position bigint NOT NULL,
    type text NOT NULL,
    action text NOT NULL CHECK (action IN ('retried', 'dropped')),
    actor uuid NOT NULL,
    correlation uuid NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
