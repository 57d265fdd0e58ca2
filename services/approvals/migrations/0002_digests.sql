-- Approvers are told once a day what still waits for them (NTF-1).

-- From directory: which time zone an organisation sets, and which one a person; null: that of the organisation above, or of the home.
CREATE TABLE zone_fact (
    id uuid PRIMARY KEY,
    time_zone text
);
CREATE TABLE person_zone (
    person uuid PRIMARY KEY,
    revision integer NOT NULL,
    time_zone text
);

-- The time zone of a person: the own one, or that of the nearest organisation above that sets one.
CREATE FUNCTION zone_of (whose uuid) RETURNS text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE up (id, parent, distance) AS (
        SELECT u.id, u.parent, 0 FROM person_fact p JOIN unit_fact u ON u.id = p.home WHERE p.id = whose
        UNION ALL
        SELECT u.id, u.parent, up.distance + 1 FROM unit_fact u JOIN up ON u.id = up.parent
    ), found (zone, distance) AS (
        SELECT time_zone, -1 FROM person_zone WHERE person = whose
        UNION ALL
        SELECT z.time_zone, up.distance FROM up JOIN zone_fact z ON z.id = up.id
    )
    SELECT coalesce((SELECT zone FROM found WHERE zone IS NOT NULL ORDER BY distance LIMIT 1), 'UTC')
$$;

-- Each time zone is looked at once on each of its days, and each approver is told once on each of theirs.
CREATE TABLE digest_run (
    zone text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (zone, day)
);
CREATE TABLE approver_digest (
    person uuid PRIMARY KEY,
    day date NOT NULL
);
