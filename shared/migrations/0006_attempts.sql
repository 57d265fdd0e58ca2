-- Limits of attempts (shared/attempts.py). Addresses and names are here under a keyed hash only, and no longer than they count.

-- For each address, account and organisation of late: when its whole allowance will be there again; each attempt moves that on.
-- Unlogged: after a crash everybody has the whole allowance, which harms nobody, and an attempt costs no write-ahead log.
CREATE UNLOGGED TABLE attempt (
    key bytea PRIMARY KEY,
    regained_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX attempt_age ON attempt (regained_at);

-- Accounts together with an address from which they succeeded: what others do elsewhere does not lock them out.
CREATE TABLE known_address (
    key bytea PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX known_address_age ON known_address (seen_at);

-- What they are hashed with where ROLLBOOK_ATTEMPTS_SECRET is empty.
CREATE TABLE attempt_secret (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    secret text NOT NULL DEFAULT gen_random_uuid()::text || gen_random_uuid()::text
);
INSERT INTO attempt_secret DEFAULT VALUES;
