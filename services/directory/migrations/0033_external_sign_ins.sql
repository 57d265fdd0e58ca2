-- Who a person is at an OpenID Connect provider (SEC-3). In no event: the subject is the provider's name for the person.
CREATE TABLE external_identity (
    provider text NOT NULL,
    subject text NOT NULL,
    person uuid NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, subject)
);
CREATE UNIQUE INDEX external_identity_person ON external_identity (person, provider);

-- A sign-in that is under way at a provider, for some minutes. Its state is here as a hash, and used once.
CREATE TABLE external_sign_in (
    state bytea PRIMARY KEY,
    provider text NOT NULL,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX external_sign_in_age ON external_sign_in (expires_at);
