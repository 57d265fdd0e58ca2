-- What an offering's page says of it; apart from the other facts of the catalog, which rules read. The history is read for it from
-- the beginning.
CREATE TABLE offering_text (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    description text NOT NULL
);

-- The request that sent a completion back, by its reason.
CREATE INDEX admission_reason ON admission (reason) WHERE reason IS NOT NULL;
