-- Proof of the history (shared/audit, AUD-3). The hashes of all events in the order of positions, 1,024 in a part; the last
-- part grows until it is whole. They only say where something was changed: that it was is proved by the signed checkpoints.
CREATE TABLE audit_part (
    part bigint PRIMARY KEY,
    leaves bytea NOT NULL CHECK (octet_length(leaves) BETWEEN 32 AND 32768 AND octet_length(leaves) % 32 = 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32)
);
ALTER TABLE audit_part ALTER COLUMN leaves SET STORAGE EXTERNAL;

-- Signed notes: the root of the first `size` events. The same are appended to a file outside of the database.
CREATE TABLE audit_checkpoint (
    origin text NOT NULL,
    size bigint NOT NULL,
    note text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (origin, size)
);
