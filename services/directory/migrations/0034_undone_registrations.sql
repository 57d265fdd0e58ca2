-- Registrations that were taken back before they had come: the one under this id is not carried out any more.
ALTER TABLE registration ADD COLUMN undone boolean NOT NULL DEFAULT false;
