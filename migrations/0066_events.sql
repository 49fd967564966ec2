-- How many views of a day the owner of what was looked at has been told of, as events.

ALTER TABLE skillancer.read_day ADD COLUMN told bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN skillancer.read_day.told IS 'How many of them events have told of (tell_views()).';
CREATE INDEX read_day_untold_idx ON skillancer.read_day (day, object) WHERE kind = 'project' AND told < n;
