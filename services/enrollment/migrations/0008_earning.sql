-- How far this service's own events were looked through for qualifications that are earned by them; none is older than this.
CREATE TABLE earning_place (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL
);
INSERT INTO earning_place (position) SELECT coalesce(max(position), 0) FROM events;

-- Qualifications whose items changed: everybody on them is looked at again.
CREATE TABLE earning_again (
    offering uuid PRIMARY KEY,
    revision integer NOT NULL,
    meta text NOT NULL
);
