-- Whom the events of an audience's members are about, for the history of a person: an event has up to 500 of them.
CREATE FUNCTION people_of(body bytea) RETURNS uuid[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN ARRAY(SELECT jsonb_array_elements_text(convert_from(body, 'UTF8')::jsonb -> 'people')::uuid);
END
$$;
CREATE INDEX events_of_members ON events USING gin (people_of(body))
    WHERE type IN ('directory.AudienceMembersAdded.v1', 'directory.AudienceMembersRemoved.v1');
