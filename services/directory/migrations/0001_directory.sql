-- State of the directory. Written only by the store, in the transaction of the events, but for what is said below.

CREATE TABLE framework (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    external_id text NOT NULL
);
CREATE UNIQUE INDEX framework_external ON framework (kind, external_id);

CREATE TABLE unit (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    kind text NOT NULL,
    framework uuid NOT NULL,
    parent uuid,
    name text NOT NULL,
    external_id text NOT NULL
);
CREATE UNIQUE INDEX unit_external ON unit (kind, external_id);
CREATE INDEX unit_parent ON unit (parent);
CREATE INDEX unit_framework ON unit (framework, id);

CREATE TABLE person (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    active boolean NOT NULL,
    home uuid,
    country text,
    dates text NOT NULL
);
CREATE INDEX person_home ON person (home, id);

-- The only table with names, addresses and external ids of people (DIR-12).
-- position: the place in the profile feed. Every writer holds the append lock, so it becomes visible in order.
CREATE SEQUENCE profile_position;
CREATE TABLE profile (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    position bigint NOT NULL DEFAULT nextval('profile_position'),
    first_name text NOT NULL,
    last_name text NOT NULL,
    email text NOT NULL,
    user_name text NOT NULL,
    external_id text,
    language text,
    time_zone text
);
CREATE UNIQUE INDEX profile_email ON profile (lower(email));
CREATE UNIQUE INDEX profile_user_name ON profile (lower(user_name));
CREATE UNIQUE INDEX profile_external ON profile (external_id);
CREATE UNIQUE INDEX profile_feed ON profile (position);
CREATE INDEX profile_order ON profile (lower(last_name), lower(first_name), id);

CREATE FUNCTION profile_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.position := nextval('profile_position');
    RETURN NEW;
END
$$;
CREATE TRIGGER profile_moves_on BEFORE UPDATE ON profile FOR EACH ROW EXECUTE FUNCTION profile_moves_on();

CREATE VIEW published_profiles AS
    SELECT p.position, (SELECT id FROM epoch) AS epoch, p.id AS person_id, p.revision,
           convert_to(json_build_object('profile', json_build_object(
               'first_name', p.first_name, 'last_name', p.last_name, 'email', p.email, 'user_name', p.user_name,
               'external_id', p.external_id, 'language', p.language, 'time_zone', p.time_zone))::text, 'UTF8') AS body
    FROM profile p;

-- number: the order in which a person's jobs came; the lowest is the first job. title is not in any event.
CREATE TABLE job_assignment (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    person uuid NOT NULL,
    number integer NOT NULL,
    external_id text NOT NULL,
    title text,
    organisation uuid,
    "position" uuid,
    manager_job uuid,
    manager uuid,
    temporary_manager_job uuid,
    temporary_manager uuid,
    temporary_until date,
    starts date,
    ends date,
    position_assigned_on date
);
CREATE UNIQUE INDEX job_assignment_external ON job_assignment (person, external_id);
CREATE INDEX job_assignment_organisation ON job_assignment (organisation);
CREATE INDEX job_assignment_position ON job_assignment ("position");
CREATE INDEX job_assignment_manager ON job_assignment (manager_job);
CREATE INDEX job_assignment_temporary ON job_assignment (temporary_manager_job);

CREATE TABLE audience (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    name text NOT NULL,
    external_id text
);
CREATE UNIQUE INDEX audience_name ON audience (lower(name));
CREATE UNIQUE INDEX audience_external ON audience (external_id);
CREATE TABLE audience_member (
    audience uuid NOT NULL,
    person uuid NOT NULL,
    PRIMARY KEY (audience, person)
);
CREATE INDEX audience_member_person ON audience_member (person);

-- organisation: nil for everything.
CREATE TABLE permission_role (
    person uuid NOT NULL,
    role text NOT NULL,
    organisation uuid NOT NULL,
    PRIMARY KEY (person, role, organisation)
);
CREATE INDEX permission_role_holders ON permission_role (role);

-- Which feed manages a record, the stamp it came with, and for people the home organisation that the feed set.
CREATE TABLE managed (
    id uuid PRIMARY KEY,
    element text NOT NULL,
    feed text NOT NULL,
    stamp text,
    home uuid
);
CREATE INDEX managed_feed ON managed (feed, element);

-- Secrets and sign-ins: no events, no feed.
CREATE TABLE account (
    person uuid PRIMARY KEY,
    password_hash text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE sign_in (
    person uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sign_in_person ON sign_in (person, at);
CREATE TABLE signing_key (
    kid text PRIMARY KEY,
    private_jwk text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- A run of the import: its files and its plan live only as long as the run; the report keeps references.
CREATE TABLE import_run (
    id uuid PRIMARY KEY,
    options text NOT NULL,
    ignored text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE import_file (
    run uuid NOT NULL,
    element text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (run, element)
);
CREATE TABLE import_plan (
    run uuid NOT NULL,
    seq integer NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE TABLE import_row (
    run uuid NOT NULL,
    seq integer NOT NULL,
    element text NOT NULL,
    number integer,
    subject uuid,
    key text,
    outcome text NOT NULL,
    fields text[] NOT NULL,
    reasons text NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE INDEX import_row_outcome ON import_row (run, outcome, seq);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollbook_feed') THEN
        GRANT SELECT ON published_profiles TO rollbook_feed;
    END IF;
END
$$;
