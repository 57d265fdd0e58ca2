-- Keys and names regardless of case are compared by what shared/folding.py makes of them, never by lower(): the database's
-- differs from Python's, and from one locale to the next. `rollbook migrate` fills what is NULL. A key that stays NULL is one
-- that an older record has, apart from case: such a record is found by its exact spelling only.
ALTER TABLE profile
    ADD COLUMN first_name_folded text,
    ADD COLUMN last_name_folded text,
    ADD COLUMN email_folded text,
    ADD COLUMN user_name_folded text;
DROP INDEX profile_email;
DROP INDEX profile_user_name;
DROP INDEX profile_order;
CREATE UNIQUE INDEX profile_email ON profile (email_folded);
CREATE UNIQUE INDEX profile_user_name ON profile (user_name_folded);
CREATE INDEX profile_user_name_exact ON profile (user_name) WHERE user_name_folded IS NULL;
CREATE INDEX profile_order ON profile (last_name_folded, first_name_folded, id);

-- What is folded later is no new revision of anybody.
DROP TRIGGER profile_moves_on ON profile;
CREATE TRIGGER profile_moves_on BEFORE UPDATE OF revision ON profile FOR EACH ROW EXECUTE FUNCTION profile_moves_on();

ALTER TABLE unit ADD COLUMN name_folded text;

ALTER TABLE audience ADD COLUMN name_folded text;
DROP INDEX audience_name;
CREATE UNIQUE INDEX audience_name ON audience (name_folded);
