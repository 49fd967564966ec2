-- Every counter-offer of a client is kept, beside the wording of the proposal that it answers.
CREATE TABLE skillancer.proposal_counter (
	proposal_id skillancer.proposal_id NOT NULL REFERENCES skillancer.proposal,
	number integer NOT NULL CHECK (number > 0),
	revision integer NOT NULL CHECK (revision > 0),
	client_id skillancer.user_id NOT NULL,
	freelancer_id skillancer.user_id NOT NULL,
	bid skillancer.monetary NOT NULL CHECK (skillancer.monetary_minor(bid) > 0),
	delivery_days integer CHECK (delivery_days BETWEEN 1 AND 365),
	message text CHECK (length(message) BETWEEN 1 AND 2000),
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	PRIMARY KEY (proposal_id, number)
);
COMMENT ON TABLE skillancer.proposal_counter IS
	'What the client would have agreed to, each time; rows are only added. The newest one while COUNTERED is in proposal.counter, too.';
COMMENT ON COLUMN skillancer.proposal_counter.revision IS 'The wording of the proposal that it answers.';
CREATE INDEX proposal_counter_client_idx ON skillancer.proposal_counter (client_id);
CREATE INDEX proposal_counter_freelancer_idx ON skillancer.proposal_counter (freelancer_id);
ALTER TABLE skillancer.proposal_counter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

RESET ROLE;
INSERT INTO skillancer.proposal_counter (proposal_id, number, revision, client_id, freelancer_id, bid, delivery_days, message, created_at)
SELECT p.id, 1, p.revision, p.client_id, p.freelancer_id, (p.counter -> 'bid')::skillancer.monetary,
	(p.counter ->> 'deliveryDays')::integer, p.counter ->> 'message', (p.counter ->> 'at')::timestamptz
FROM skillancer.proposal p
WHERE p.counter IS NOT NULL;
SET LOCAL ROLE skillancer_owner;
