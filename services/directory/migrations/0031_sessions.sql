-- A sign-in that goes on: a family of refresh tokens, of which one can be used at a time (SEC-3). Only their hashes are here.
CREATE TABLE session (
    id uuid PRIMARY KEY,
    person uuid NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX session_person ON session (person);
CREATE INDEX session_age ON session (ends_at);
CREATE TABLE refresh_token (
    hash bytea PRIMARY KEY,
    session uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_token_session ON refresh_token (session);

-- A new key is published for a while before it signs.
ALTER TABLE signing_key ADD COLUMN signs_from timestamptz NOT NULL DEFAULT now();
UPDATE signing_key SET signs_from = created_at;

-- Machine clients (SEC-5). The name is the operator's and in no event; of secrets only the hashes are here.
CREATE TABLE machine_client (
    id uuid PRIMARY KEY,
    revision integer NOT NULL,
    name text NOT NULL,
    organisation uuid,
    permissions text[] NOT NULL,
    revoked boolean NOT NULL
);
CREATE TABLE client_secret (
    hash bytea PRIMARY KEY,
    client uuid NOT NULL,
    expires_at timestamptz
);
CREATE INDEX client_secret_client ON client_secret (client);
