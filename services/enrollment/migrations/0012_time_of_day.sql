-- The time of day at which a term is due, as HH:MM on the learner's clock; null: at the end of the day.
ALTER TABLE enrollment ADD COLUMN due_at text;

-- The same as before, with the rule's time of day where it gives one: '2027-01-31T17:00'.
ALTER FUNCTION due_date(jsonb, uuid, uuid, uuid, uuid, text) RENAME TO due_day;
CREATE FUNCTION due_date(rule jsonb, assignment uuid, person uuid, offering uuid, target uuid, zone text) RETURNS text LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN day ~ '^[0-9]' THEN day || coalesce('T' || (rule ->> 'time'), '') ELSE day END
    FROM (SELECT CASE WHEN rule ->> 'kind' = 'fixed' THEN rule ->> 'on' ELSE due_day($1, $2, $3, $4, $5, $6) END AS day) AS based
$$;
