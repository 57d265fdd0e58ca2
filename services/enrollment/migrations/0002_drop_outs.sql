-- Whether who drops out of the last source keeps training that was begun (ASG-10).
ALTER TABLE offering_fact ADD COLUMN keep_begun boolean NOT NULL DEFAULT true;
