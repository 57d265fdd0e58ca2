-- Which columns about assignments its people's record of learning has; null: as the organisation above (LRN-5).
ALTER TABLE organisation_profile ADD COLUMN record_assignment_types boolean, ADD COLUMN record_assignment_names boolean;
