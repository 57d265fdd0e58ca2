-- The time of day at which a term is due, as HH:MM on the learner's clock; null: at the end of the day.
ALTER TABLE enrollment ADD COLUMN due_at text;
