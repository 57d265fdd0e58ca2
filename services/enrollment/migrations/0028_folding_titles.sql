-- Titles, codes and names regardless of case, as shared/folding.py makes them; `rollbook migrate` fills what is NULL.
ALTER TABLE offering_fact
    ADD COLUMN title_folded text,
    ADD COLUMN code_folded text;
DROP INDEX offering_fact_title;
CREATE INDEX offering_fact_title ON offering_fact (title_folded, id);
CREATE INDEX offering_fact_code ON offering_fact (code_folded);

ALTER TABLE job_role_fact
    ADD COLUMN name_folded text,
    ADD COLUMN code_folded text;
CREATE INDEX job_role_fact_code ON job_role_fact (code_folded);
