-- Of a course: the enrollment on a certification by which it is worked on, without an assignment of its own.
ALTER TABLE enrollment ADD COLUMN via uuid;
CREATE INDEX enrollment_via ON enrollment (via) WHERE via IS NOT NULL AND live;

-- Whether a person has completed all that a certification asks for, which is courses only: each alone, or as a step of another one.
CREATE FUNCTION all_courses_done(person uuid, certification offering_fact) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT ($2).kind = 'certification' AND ($2).courses <> '{}'
        AND NOT EXISTS (SELECT FROM jsonb_array_elements(($2).steps) AS step WHERE step ->> 'course_id' IS NULL)
        AND NOT EXISTS (
            SELECT FROM unnest(($2).courses) AS course (id) WHERE NOT EXISTS (
                SELECT FROM enrollment d WHERE d.person = $1 AND d.offering = course.id AND d.completed_at IS NOT NULL
                    AND coalesce(d.valid_until >= today(), true)
            ) AND NOT EXISTS (
                SELECT FROM enrollment x JOIN offering_fact o ON o.id = x.offering AND course.id = ANY(o.courses)
                CROSS JOIN unnest(x.steps) AS done (step)
                WHERE x.person = $1 AND x.offering <> ($2).id AND o.steps -> (done.step - 1) ->> 'course_id' = course.id::text
            ))
$$;
