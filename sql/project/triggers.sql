-- Triggers of the project service: states come from the engine only; spellings of skills are looked up.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.project
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('project');
ALTER TABLE skillancer.project ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.proposal
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('proposal');
ALTER TABLE skillancer.proposal ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.invitation
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('invitation');
ALTER TABLE skillancer.invitation ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.gig
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('gig');
ALTER TABLE skillancer.gig ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER skill_keys AFTER INSERT OR UPDATE OF slug, aliases, merged_into ON skillancer.skill
	FOR EACH ROW EXECUTE FUNCTION skillancer.skill_keys();

CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.skill
	FOR EACH ROW EXECUTE FUNCTION skillancer.catalogue_changed();
ALTER TABLE skillancer.skill ENABLE ALWAYS TRIGGER catalogue_changed;

CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.category
	FOR EACH ROW EXECUTE FUNCTION skillancer.catalogue_changed();
ALTER TABLE skillancer.category ENABLE ALWAYS TRIGGER catalogue_changed;
