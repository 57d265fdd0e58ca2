-- A trigger acts as long as it was not stopped and what it assigns is there (TRG-1, TRG-3).
CREATE VIEW acting_trigger AS
SELECT * FROM trigger t
WHERE live AND (assignment IS NULL OR EXISTS (SELECT FROM assignment a WHERE a.id = t.assignment AND a.live));
