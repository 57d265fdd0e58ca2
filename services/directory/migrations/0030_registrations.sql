-- People who were registered on the way to something else (KEY-7), as long as that can be undone.
CREATE TABLE registration (
    person uuid PRIMARY KEY,
    registered_at timestamptz NOT NULL DEFAULT now()
);
