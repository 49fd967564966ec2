-- sql/payment/triggers.sql
--	No state without the engine: charges, earnings and payouts. Tips belong to the organisation of their booking.

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.charge
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('charge');
ALTER TABLE skillancer.charge ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER of_organisation BEFORE INSERT ON skillancer.tip
	FOR EACH ROW EXECUTE FUNCTION skillancer.booking_organisation();

-- rates and conversions are only added
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.fx_rate
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.fx_rate
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.fx_rate ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.conversion
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.conversion
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.conversion ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.refund
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('refund');
ALTER TABLE skillancer.refund ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.chargeback
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('chargeback');
ALTER TABLE skillancer.chargeback ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.adjustment
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('adjustment');
ALTER TABLE skillancer.adjustment ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.earning
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('earning');
ALTER TABLE skillancer.earning ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.connect_purchase
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('connect_purchase');
ALTER TABLE skillancer.connect_purchase ENABLE ALWAYS TRIGGER state_guard;

CREATE TRIGGER state_guard BEFORE INSERT OR UPDATE ON skillancer.payout
	FOR EACH ROW EXECUTE FUNCTION skillancer.state_guard('payout');
ALTER TABLE skillancer.payout ENABLE ALWAYS TRIGGER state_guard;

-- invoices are never changed
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON skillancer.invoice
	FOR EACH ROW EXECUTE FUNCTION skillancer.refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON skillancer.invoice
	FOR EACH STATEMENT EXECUTE FUNCTION skillancer.refuse_change();
ALTER TABLE skillancer.invoice ENABLE ALWAYS TRIGGER refuse_change, ENABLE ALWAYS TRIGGER refuse_truncate;

-- Backends keep the tiers of fees that they have met, until one changes.
CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON skillancer.fee_schedule
	FOR EACH ROW EXECUTE FUNCTION skillancer.catalogue_changed();
ALTER TABLE skillancer.fee_schedule ENABLE ALWAYS TRIGGER catalogue_changed;
