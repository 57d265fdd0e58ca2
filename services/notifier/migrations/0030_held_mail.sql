-- E-mails of a command that are held until a person releases or drops them, or that are silenced (NTF-3).

ALTER TABLE message DROP CONSTRAINT message_state_check,
    ADD CONSTRAINT message_state_check CHECK (state IN ('waiting', 'held', 'sending', 'sent', 'failed', 'withdrawn', 'unknown'));
ALTER TABLE message_decision DROP CONSTRAINT message_decision_action_check,
    ADD CONSTRAINT message_decision_action_check
        CHECK (action IN ('resend', 'settled-sent', 'settled-failed', 'retry', 'release', 'drop'));
CREATE INDEX message_held ON message (id) WHERE state = 'held';

-- What the command said of its e-mails, hold or silence, and who sent it.
ALTER TABLE ledger ADD COLUMN withheld text, ADD COLUMN withheld_by uuid;
CREATE INDEX ledger_held ON ledger (batch, number) WHERE withheld = 'hold';
ALTER TABLE exception_notice ADD COLUMN withheld text, ADD COLUMN withheld_by uuid;

-- A person's word on what is held of a batch: carried out set by set, up to the last row that was there when it was given.
CREATE TABLE held_mail_order (
    id uuid PRIMARY KEY,
    batch uuid NOT NULL,
    -- What the command itself is known by.
    command uuid NOT NULL,
    action text NOT NULL CHECK (action IN ('release', 'drop')),
    actor uuid NOT NULL,
    -- Whose e-mails: those of people in scope.
    everything boolean NOT NULL,
    organisations uuid[] NOT NULL,
    up_to bigint NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    done integer NOT NULL DEFAULT 0,
    done_at timestamptz
);
CREATE INDEX held_mail_order_open ON held_mail_order (asked_at) WHERE done_at IS NULL;
CREATE INDEX held_mail_order_batch ON held_mail_order (batch) WHERE done_at IS NULL;
