-- Addresses regardless of case, as shared/folding.py makes them; `rollbook migrate` fills what is NULL.
ALTER TABLE caught_mail ADD COLUMN recipient_folded text;
DROP INDEX caught_mail_recipient;
CREATE INDEX caught_mail_recipient ON caught_mail (recipient_folded, id);
