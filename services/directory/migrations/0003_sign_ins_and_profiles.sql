-- Who has ever signed in, written with the event FirstSignedIn: once per person, for ever (DIR-10).
CREATE TABLE first_sign_in (
    person uuid PRIMARY KEY,
    at timestamptz NOT NULL
);
CREATE INDEX sign_in_age ON sign_in (at);

-- What an organisation sets of its profile; null: as the organisation above (DIR-7).
CREATE TABLE organisation_profile (
    id uuid PRIMARY KEY,
    access_days integer,
    anonymous_registration boolean,
    key_field boolean,
    time_zone text
);
