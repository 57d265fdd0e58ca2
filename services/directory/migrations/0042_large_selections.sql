-- A selection may have more people than one command can name: how many is counted once, and they are read in pages.
ALTER TABLE selection ADD COLUMN total integer;
