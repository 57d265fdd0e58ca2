-- The field's terms: the evaluation queue, and enrollments without a source.
ALTER TABLE dirty RENAME TO evaluation_queue;
ALTER INDEX dirty_open RENAME TO evaluation_queue_open;
ALTER INDEX dirty_batch RENAME TO evaluation_queue_batch;
ALTER TABLE enrollment RENAME COLUMN sourceless TO unsourced;
