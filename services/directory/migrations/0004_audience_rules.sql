-- Rule-based audiences (DIR-6): the rule of each, and who has to be judged again.
CREATE TABLE audience_rule (
    audience uuid PRIMARY KEY,
    rule text NOT NULL
);

-- Today, as a day in UTC; a rehearsal sets rollbook.today.
CREATE FUNCTION today() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('rollbook.today', true), ''), ((now() AT TIME ZONE 'UTC')::date)::text)::date
$$;

-- The jobs that place their holder today.
CREATE VIEW current_job AS
    SELECT * FROM job_assignment WHERE (starts IS NULL OR starts <= today()) AND (ends IS NULL OR ends >= today());

-- Marked in the transaction of the change, with its batch; closed only at the revision that was read.
CREATE SEQUENCE rule_revision;
CREATE TABLE rule_dirty (
    person uuid PRIMARY KEY,
    revision bigint NOT NULL DEFAULT nextval('rule_revision'),
    batch uuid NOT NULL
);
CREATE INDEX rule_dirty_order ON rule_dirty (revision);
CREATE TABLE rule_dirty_unit (
    unit uuid PRIMARY KEY,
    revision bigint NOT NULL DEFAULT nextval('rule_revision'),
    batch uuid NOT NULL
);

-- Every writer of the directory, commands and imports alike, comes by here.
CREATE FUNCTION mark_for_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audience_rule) THEN
        RETURN NULL;
    END IF;
    INSERT INTO rule_dirty_unit (unit, batch)
        SELECT DISTINCT ON (stream) stream, (meta::json ->> 'correlation')::uuid FROM written
        WHERE type = 'directory.UnitMoved.v1'
        ORDER BY stream, position DESC
        ON CONFLICT (unit) DO UPDATE SET revision = excluded.revision, batch = excluded.batch;
    INSERT INTO rule_dirty (person, batch)
        SELECT DISTINCT ON (stream) stream, (meta::json ->> 'correlation')::uuid FROM written
        WHERE type IN ('directory.PersonRegistered.v1', 'directory.PersonMoved.v1', 'directory.PersonDescribed.v1',
                       'directory.PersonDeactivated.v1', 'directory.PersonReactivated.v1',
                       'directory.JobAssigned.v1', 'directory.JobEnded.v1')
        ORDER BY stream, position DESC
        ON CONFLICT (person) DO UPDATE SET revision = excluded.revision, batch = excluded.batch;
    RETURN NULL;
END
$$;
CREATE TRIGGER mark_for_rules AFTER INSERT ON events REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION mark_for_rules();
