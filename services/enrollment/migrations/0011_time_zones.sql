-- The moment that it is for every rule: the clock's time on today(). A test or a rehearsal sets rollbook.today to a day, or to a moment in UTC.
CREATE FUNCTION moment() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('rollbook.today', true) LIKE '% %' THEN current_setting('rollbook.today')::timestamptz
        ELSE (today() + (now() AT TIME ZONE 'UTC')::time) AT TIME ZONE 'UTC' END
$$;

-- The day of a moment in a time zone; null: in UTC.
CREATE FUNCTION day_in(zone text, at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (at AT TIME ZONE coalesce(zone, 'UTC'))::date
$$;

-- When people signed in for the first time, to the moment: which day that is, their time zone says. The history is read for it from
-- the beginning.
CREATE TABLE first_login (
    person uuid PRIMARY KEY,
    at timestamptz NOT NULL
);
ALTER TABLE person_date DROP COLUMN first_login;

DROP FUNCTION due_date(jsonb, uuid, uuid, uuid, uuid);
DROP FUNCTION since_date(uuid, uuid, uuid);

-- The enrollment date of a person by an assignment (DUE-1), a day in the time zone: when it came to hold the person, or to wait; today
-- for who comes now.
CREATE FUNCTION since_date(assignment uuid, person uuid, offering uuid, zone text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT coalesce(g.since, (
            SELECT day_in($4, max(e.recorded_at)) FROM events e WHERE e.stream = g.enrollment
                AND e.type = 'enrollment.LearnerAssigned.v1'
                AND convert_from(e.body, 'UTF8')::jsonb ->> 'assignment_id' = g.assignment::text
        )) FROM learner_grant g WHERE g.assignment = $1 AND g.person = $2),
        (SELECT h.since FROM hold h WHERE h.person = $2 AND h.offering = $3 AND h.assignment = $1),
        day_in($4, moment())
    )::text
$$;

-- By when an assignment wants a person to be done: a day, with the rule's time of day where it gives one ('2027-01-31T17:00'), 'pending',
-- 'unknown' and what is empty, or null for never (DUE-1, DUE-2). A moment counts as the day that it is in the time zone; a completion that
-- is on record by its day alone, at 00:00 UTC, as that day.
CREATE FUNCTION due_date(rule jsonb, assignment uuid, person uuid, offering uuid, target uuid, zone text) RETURNS text LANGUAGE sql STABLE
AS $$
    SELECT CASE WHEN base ~ '^[0-9]' THEN (base::date + CASE rule ->> 'unit'
            WHEN 'days' THEN make_interval(days => (rule ->> 'amount')::int)
            WHEN 'weeks' THEN make_interval(weeks => (rule ->> 'amount')::int)
            WHEN 'months' THEN make_interval(months => (rule ->> 'amount')::int)
            ELSE make_interval(years => (rule ->> 'amount')::int) END)::date || coalesce('T' || (rule ->> 'time'), '') ELSE base END
    FROM (SELECT CASE rule ->> 'kind'
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
