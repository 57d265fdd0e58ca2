-- No date of a rule is beyond 2999-12-31, however far its base or its amount is: a value that nobody can compute with would stop
-- whoever is judged together with its learner. Apart from that as in 0011.
CREATE OR REPLACE FUNCTION due_date(rule jsonb, assignment uuid, person uuid, offering uuid, target uuid, zone text) RETURNS text LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN base ~ '^[0-9]' THEN least(least(base::date, '2999-12-31') + CASE rule ->> 'unit'
            WHEN 'days' THEN make_interval(days => amount)
            WHEN 'weeks' THEN make_interval(weeks => amount)
            WHEN 'months' THEN make_interval(months => amount)
            ELSE make_interval(years => amount) END, '2999-12-31')::date || coalesce('T' || (rule ->> 'time'), '') ELSE base END
    FROM (SELECT least((rule ->> 'amount')::numeric, 400000)::int AS amount, CASE rule ->> 'kind'
        WHEN 'first-login' THEN coalesce((SELECT day_in($6, l.at)::text FROM first_login l WHERE l.person = $3), 'pending')
        WHEN 'field' THEN coalesce(
            (SELECT d.dates ->> (rule ->> 'field') FROM person_date d WHERE d.person = $3), 'unknown field ' || (rule ->> 'field'))
        WHEN 'completion' THEN coalesce(
            (SELECT day_in(CASE WHEN e.completed_at <> date_trunc('day', e.completed_at, 'UTC') THEN $6 END, e.completed_at)::text
                FROM enrollment e WHERE e.person = $3 AND e.offering = (rule ->> 'offering_id')::uuid), 'pending')
        WHEN 'enrollment' THEN since_date($2, $3, $4, $6)
        ELSE job_date(rule ->> 'kind', $3, $5)
    END AS base) AS based
$$;

-- Jobs that failed before such a thing could be seen: dead letters, so that a person can let them go on.
INSERT INTO set_aside (worker, subject, kind, error)
SELECT 'enrollment jobs', id, kind, coalesce(error, '') FROM job WHERE state = 'failed' ON CONFLICT DO NOTHING;
