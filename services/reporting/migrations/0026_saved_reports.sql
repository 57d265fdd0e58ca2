-- Reports that somebody has saved under a name, with their questions (RPT-3). People type both, so they are in this table and in no
-- event. `shared_role` NULL: nobody else's; `shared_organisation` NULL: its holders anywhere.
CREATE TABLE saved_report (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    id uuid PRIMARY KEY,
    owner uuid NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    question jsonb NOT NULL,
    shared_role text,
    shared_organisation uuid,
    revision int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (shared_role IS NOT NULL OR shared_organisation IS NULL)
);
CREATE INDEX saved_report_owner ON saved_report (owner, number);
CREATE INDEX saved_report_shared ON saved_report (number) WHERE shared_role IS NOT NULL;
-- The organisation and those above it, as they are today.
CREATE FUNCTION organisations_above(organisation uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (id) AS (
        SELECT organisation
        UNION
        SELECT u.parent FROM unit u JOIN up ON u.unit_id = up.id WHERE u.valid_to IS NULL AND u.parent IS NOT NULL
    )
    SELECT id FROM up
$$;
