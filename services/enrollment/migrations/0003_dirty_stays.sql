-- A person's row stays when the queue has been worked off, closed. A decision relies on its revision: were the row gone, nobody could
-- see that it had come, been evaluated and gone again between reading and writing.
ALTER TABLE dirty ADD COLUMN open boolean NOT NULL DEFAULT true;
DROP INDEX dirty_order;
CREATE INDEX dirty_open ON dirty (revision) WHERE open;
