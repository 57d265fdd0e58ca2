-- Keys that are sent by e-mail (KEY-11), and warnings about pools (NTF-1).

-- What an organisation wrote to go with the keys of a pool, by language; where there is none, the text that is delivered.
CREATE TABLE pool_template (
    pool uuid PRIMARY KEY,
    revision integer NOT NULL,
    texts jsonb NOT NULL
);

-- A mailing with its texts. Of a large one, whom it is to go to is kept until its job has done it.
CREATE TABLE mailing (
    id uuid PRIMARY KEY,
    pool uuid NOT NULL,
    actor uuid NOT NULL,
    texts jsonb NOT NULL,
    at timestamptz NOT NULL,
    waiting jsonb,
    -- What became of each recipient: ids and numbers of lines, no addresses.
    results jsonb
);

-- Who was sent which key. A typed address is here and nowhere else, and can be removed.
CREATE TABLE recipient (
    id uuid PRIMARY KEY,
    pool uuid NOT NULL,
    mailing uuid NOT NULL,
    key uuid NOT NULL,
    person uuid,
    email text,
    email_folded text,
    language text NOT NULL,
    sent_at timestamptz NOT NULL,
    reminded_at timestamptz,
    reminders integer NOT NULL DEFAULT 0,
    -- Taken back, or its revoked key replaced by another.
    ended_at timestamptz,
    -- The event of the key that the last e-mail is for.
    version integer NOT NULL,
    -- When the notifier was first told the key, to send it: whoever it is for may know it since.
    told_at timestamptz,
    -- What the notifier says of that e-mail.
    mail_state text NOT NULL DEFAULT 'waiting',
    mail_revision integer NOT NULL DEFAULT 0,
    mail_code integer,
    mail_changed_at timestamptz
);
CREATE UNIQUE INDEX recipient_person ON recipient (pool, person) WHERE ended_at IS NULL AND person IS NOT NULL;
CREATE UNIQUE INDEX recipient_email ON recipient (pool, email_folded) WHERE ended_at IS NULL AND email_folded IS NOT NULL;
CREATE INDEX recipient_pool ON recipient (pool, sent_at DESC, id);
CREATE INDEX recipient_key ON recipient (key);

CREATE INDEX training_key_person ON training_key (person) WHERE person IS NOT NULL;
CREATE INDEX profile_email ON profile (email_folded);

-- What was warned of, once each: a level of use, until the pool is below it again; and an end.
CREATE TABLE pool_warning (
    pool uuid NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    PRIMARY KEY (pool, kind, about)
);
