-- The name of a group regardless of case, as shared/folding.py makes it; `rollbook migrate` fills what is NULL. Of an offering's
-- live groups each has a name of its own; that is checked under the append lock, since earlier versions let two have one.
ALTER TABLE learner_group ADD COLUMN name_folded text;
CREATE INDEX learner_group_name ON learner_group (offering, name_folded);
