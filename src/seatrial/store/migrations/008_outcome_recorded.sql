-- When an outcome was written, in seconds since 1970; NULL where that was before the store kept it.
ALTER TABLE outcomes ADD COLUMN recorded_at DOUBLE PRECISION;
CREATE INDEX outcomes_by_recorded ON outcomes (outcome, recorded_at)
