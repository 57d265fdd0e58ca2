-- Who sees an offering without being assigned (none: everybody), and the learning items of a qualification.
ALTER TABLE offering_fact
    ADD COLUMN audiences uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN items uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX offering_fact_title ON offering_fact (lower(title), id);
