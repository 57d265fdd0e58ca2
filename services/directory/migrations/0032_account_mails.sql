-- E-mails about accounts, as far as they wait or their link can be used: in no event, and gone soon. The notifier asks for them when it
-- sends them (ADR 0016). Whether the address is somebody's is found out then: a request is the same work for all.
CREATE TABLE account_mail (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('password-reset', 'registration')),
    -- As it was typed.
    email text NOT NULL,
    -- Of a registration: who is to be registered, the password as its Argon2id hash.
    content text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    -- Some mailer has it until then.
    claimed_until timestamptz,
    sent_at timestamptz
);
CREATE INDEX account_mail_waiting ON account_mail (requested_at) WHERE sent_at IS NULL;

-- What a link says is known here by its hash. Each sending has a link of its own; using one ends all of that e-mail.
CREATE TABLE account_link (
    hash bytea PRIMARY KEY,
    mail uuid NOT NULL REFERENCES account_mail (id) ON DELETE CASCADE,
    person uuid,
    expires_at timestamptz NOT NULL
);
CREATE INDEX account_link_mail ON account_link (mail);
