-- Titles, names and codes regardless of case, as shared/folding.py makes them; `rollbook migrate` fills what is NULL.
ALTER TABLE offering
    ADD COLUMN code_folded text,
    ADD COLUMN title_folded text;
DROP INDEX offering_code;
DROP INDEX offering_title;
CREATE UNIQUE INDEX offering_code ON offering (code_folded);
CREATE INDEX offering_title ON offering (title_folded, id);

ALTER TABLE job_role
    ADD COLUMN code_folded text,
    ADD COLUMN name_folded text;
DROP INDEX job_role_code;
DROP INDEX job_role_name;
CREATE UNIQUE INDEX job_role_code ON job_role (code_folded);
CREATE INDEX job_role_name ON job_role (name_folded, id);
