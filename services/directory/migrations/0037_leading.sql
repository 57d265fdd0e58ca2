-- Who leads each current job today, with the temporary manager.
CREATE VIEW current_leader AS
    SELECT id AS job, person, manager_job AS leader FROM current_job WHERE manager_job IS NOT NULL
    UNION
    SELECT id, person, temporary_manager_job FROM current_job
    WHERE temporary_manager_job IS NOT NULL AND temporary_until >= today();

-- Whose personal data is gone for good.
CREATE TABLE erased_person (
    id uuid PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO erased_person (id) SELECT id FROM profile WHERE email = id || '@undone.invalid';
