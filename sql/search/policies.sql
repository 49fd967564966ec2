-- What is known about skills and rates is public; counts for matching have no policy: the engine's alone.

CREATE POLICY skill_parent_read ON skillancer.skill_parent FOR SELECT USING ((SELECT skillancer.has_request()));
CREATE POLICY rate_stat_read ON skillancer.rate_stat FOR SELECT USING ((SELECT skillancer.has_request()));
