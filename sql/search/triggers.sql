-- What documents of search are made of: any change puts them into the queue of the indexer, whoever makes it.
-- Index 1 holds projects, 2 gigs, 3 freelancers.

CREATE TRIGGER search_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.project
	FOR EACH ROW EXECUTE FUNCTION skillancer.search_changed('1', 'id', 'd');
ALTER TABLE skillancer.project ENABLE ALWAYS TRIGGER search_changed;

CREATE TRIGGER search_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.gig
	FOR EACH ROW EXECUTE FUNCTION skillancer.search_changed('2', 'id', 'd');
ALTER TABLE skillancer.gig ENABLE ALWAYS TRIGGER search_changed;

CREATE TRIGGER search_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.profile
	FOR EACH ROW EXECUTE FUNCTION skillancer.search_changed('3', 'user_id', 'd');
ALTER TABLE skillancer.profile ENABLE ALWAYS TRIGGER search_changed;
CREATE TRIGGER search_owner_changed AFTER UPDATE OF country ON skillancer.profile
	FOR EACH ROW WHEN (OLD.country IS DISTINCT FROM NEW.country)
	EXECUTE FUNCTION skillancer.search_changed('2', 'user_id', 'o');
ALTER TABLE skillancer.profile ENABLE ALWAYS TRIGGER search_owner_changed;

CREATE TRIGGER search_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.reputation
	FOR EACH ROW EXECUTE FUNCTION skillancer.search_changed('3', 'user_id', 'd');
ALTER TABLE skillancer.reputation ENABLE ALWAYS TRIGGER search_changed;
CREATE TRIGGER search_owner_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.reputation
	FOR EACH ROW EXECUTE FUNCTION skillancer.search_changed('2', 'user_id', 'o');
ALTER TABLE skillancer.reputation ENABLE ALWAYS TRIGGER search_owner_changed;

CREATE TRIGGER search_changed AFTER INSERT OR DELETE ON skillancer.user_role
	FOR EACH ROW EXECUTE FUNCTION skillancer.search_changed('3', 'user_id', 'd');
ALTER TABLE skillancer.user_role ENABLE ALWAYS TRIGGER search_changed;

CREATE TRIGGER search_client_changed AFTER UPDATE OF state ON skillancer.user_account
	FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
	EXECUTE FUNCTION skillancer.search_changed('1', 'id', 'o');
ALTER TABLE skillancer.user_account ENABLE ALWAYS TRIGGER search_client_changed;
CREATE TRIGGER search_owner_changed AFTER UPDATE OF state ON skillancer.user_account
	FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
	EXECUTE FUNCTION skillancer.search_changed('2', 'id', 'o');
ALTER TABLE skillancer.user_account ENABLE ALWAYS TRIGGER search_owner_changed;

CREATE TRIGGER search_changed AFTER INSERT OR UPDATE ON skillancer.verification
	FOR EACH ROW WHEN (NEW.kind = ANY (ARRAY['IDENTITY'::text, 'PAYMENT'::text]))
	EXECUTE FUNCTION skillancer.search_changed('3', 'user_id', 'd');
ALTER TABLE skillancer.verification ENABLE ALWAYS TRIGGER search_changed;
CREATE TRIGGER search_client_changed AFTER INSERT OR UPDATE ON skillancer.verification
	FOR EACH ROW WHEN (NEW.kind = ANY (ARRAY['IDENTITY'::text, 'PAYMENT'::text]))
	EXECUTE FUNCTION skillancer.search_changed('1', 'user_id', 'o');
ALTER TABLE skillancer.verification ENABLE ALWAYS TRIGGER search_client_changed;
CREATE TRIGGER search_owner_changed AFTER INSERT OR UPDATE ON skillancer.verification
	FOR EACH ROW WHEN (NEW.kind = 'IDENTITY'::text)
	EXECUTE FUNCTION skillancer.search_changed('2', 'user_id', 'o');
ALTER TABLE skillancer.verification ENABLE ALWAYS TRIGGER search_owner_changed;

CREATE TRIGGER search_changed AFTER UPDATE OF slug, name, merged_into ON skillancer.skill
	FOR EACH ROW WHEN (OLD.slug IS DISTINCT FROM NEW.slug OR OLD.name IS DISTINCT FROM NEW.name OR OLD.merged_into IS DISTINCT FROM NEW.merged_into)
	EXECUTE FUNCTION skillancer.search_skill_changed();
ALTER TABLE skillancer.skill ENABLE ALWAYS TRIGGER search_changed;
