-- Names and addresses regardless of case, as shared/folding.py makes them; `rollbook migrate` fills what is NULL.
ALTER TABLE profile
    ADD COLUMN first_name_folded text,
    ADD COLUMN last_name_folded text,
    ADD COLUMN email_folded text;
DROP INDEX profile_email;
CREATE INDEX profile_email ON profile (email_folded);
