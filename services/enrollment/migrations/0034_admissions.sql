-- Where an assignment of the types request and key comes from: the access request, or the redemption.
ALTER TABLE assignment ADD COLUMN origin uuid;

-- What approvals and keys decided, until it is made so here, or refused; it stays, so that nothing happens twice.
CREATE TABLE admission (
    origin uuid PRIMARY KEY,
    kind text NOT NULL,
    person uuid NOT NULL,
    offering uuid NOT NULL,
    enrollment uuid,
    term integer,
    due_on date,
    access_days integer,
    reason uuid,
    digest text,
    assignment uuid,
    override boolean NOT NULL DEFAULT false,
    asked_at timestamptz NOT NULL
);

-- Requests for access that wait for a decision.
CREATE TABLE open_request (
    request uuid PRIMARY KEY,
    person uuid NOT NULL,
    offering uuid NOT NULL
);
CREATE INDEX open_request_person ON open_request (person, offering);

-- Pools of training keys, which keys' assignments are named by.
CREATE TABLE pool_fact (
    id uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE redemption_fact (
    id uuid PRIMARY KEY,
    pool uuid NOT NULL
);
