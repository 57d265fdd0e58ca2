-- Names regardless of case, as shared/folding.py makes them; `rollbook migrate` fills what is NULL.
ALTER TABLE profile
    DROP COLUMN called,
    DROP COLUMN sorted,
    ADD COLUMN first_name_folded text,
    ADD COLUMN last_name_folded text,
    ADD COLUMN email_folded text;
ALTER TABLE profile
    ADD COLUMN called text GENERATED ALWAYS AS (first_name_folded || ' ' || last_name_folded) STORED,
    ADD COLUMN sorted text GENERATED ALWAYS AS (last_name_folded || ', ' || first_name_folded) STORED;
