-- Whom an organisation's people ask: a text of `personal_text`, since it may name somebody; null: as the organisation above (DIR-7).
ALTER TABLE organisation_profile ADD COLUMN contact uuid;

-- A contact that nobody sees any more is not kept.
CREATE FUNCTION contact_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM personal_text WHERE id = OLD.contact;
    RETURN NULL;
END
$$;
CREATE TRIGGER contact_changed AFTER UPDATE ON organisation_profile FOR EACH ROW
    WHEN (OLD.contact IS DISTINCT FROM NEW.contact) EXECUTE FUNCTION contact_goes();
CREATE TRIGGER contact_removed AFTER DELETE ON organisation_profile FOR EACH ROW EXECUTE FUNCTION contact_goes();
