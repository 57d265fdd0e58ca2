-- What organisations set of their profiles; null: as the organisation above (DIR-7). The history is read for it from the beginning.
CREATE TABLE organisation_fact (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    access_days integer,
    time_zone text
);

-- How many levels lie between: 0 for the unit itself, so that the nearest one above can be told.
ALTER TABLE unit_above ADD COLUMN distance integer NOT NULL DEFAULT 0;
WITH depth AS (SELECT unit, count(*) AS depth FROM unit_above GROUP BY unit)
UPDATE unit_above SET distance = lower.depth - upper.depth
FROM depth AS lower, depth AS upper WHERE lower.unit = unit_above.unit AND upper.unit = unit_above.above;
