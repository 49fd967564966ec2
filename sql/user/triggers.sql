-- The state of an account changes through the engine only.
CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.user_account
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('user');
ALTER TABLE skillancer.user_account ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.organisation_invitation
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('organisation_invitation');
ALTER TABLE skillancer.organisation_invitation ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.erasure
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('erasure');
ALTER TABLE skillancer.erasure ENABLE ALWAYS TRIGGER state_guard;

-- Nothing new for a closed account, whoever makes it.
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.booking
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('client_id', 'freelancer_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.proposal
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('client_id', 'freelancer_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.invitation
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('client_id', 'freelancer_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.tip
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('client_id', 'freelancer_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.earning_return
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('client_id', 'freelancer_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.project
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('client_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.gig
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('freelancer_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.charge
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.payout
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.refund
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.conversion
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.connect_purchase
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.payment_method
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.webhook
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT ON skillancer.organisation_member
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER INSERT OR UPDATE ON skillancer.billing_profile
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
CREATE TRIGGER closed_guard AFTER UPDATE OF display_name, avatar_id, headline, bio, country, work_history, education, portfolio,
		certifications, company_name, company_bio ON skillancer.profile
	FOR EACH ROW EXECUTE FUNCTION skillancer.closed_guard('user_id');
