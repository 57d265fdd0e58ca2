-- The catalog's list; each row is written with the events that made it.
CREATE TABLE offering (
    id uuid PRIMARY KEY,
    revision bigint NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    title text NOT NULL,
    active boolean NOT NULL,
    published integer,
    minimum_minutes integer,
    courses uuid[] NOT NULL
);
CREATE UNIQUE INDEX offering_code ON offering (lower(code));
CREATE INDEX offering_title ON offering (lower(title), id);
