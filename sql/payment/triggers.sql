-- sql/payment/triggers.sql
--	No state without the engine: charges, earnings and payouts.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.charge
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('charge');
ALTER TABLE skillancer.charge ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.earning
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('earning');
ALTER TABLE skillancer.earning ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.payout
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('payout');
ALTER TABLE skillancer.payout ENABLE ALWAYS TRIGGER state_guard;
