-- The port to payment providers: more states of charges and payouts, the outbox of calls, the inbox of webhooks.

ALTER TABLE skillancer.payment_method DROP CONSTRAINT payment_method_provider_check;
ALTER TABLE skillancer.payment_method ADD CONSTRAINT payment_method_provider_check CHECK (provider IN ('sandbox', 'stripe'));

ALTER TABLE skillancer.charge DROP CONSTRAINT charge_provider_check;
ALTER TABLE skillancer.charge DROP CONSTRAINT charge_state_check;
ALTER TABLE skillancer.charge
	ADD CONSTRAINT charge_provider_check CHECK (provider IN ('sandbox', 'stripe')),
	ADD CONSTRAINT charge_state_check
		CHECK (state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'CAPTURED', 'FAILED', 'ERRORED', 'VOIDED')),
	ADD COLUMN external_id text CHECK (length(external_id) <= 255),
	ADD COLUMN provider_cost skillancer.monetary,
	ADD COLUMN action_url text CHECK (length(action_url) <= 2048),
	ADD COLUMN wallet_part bigint CHECK (wallet_part >= 0);
COMMENT ON TABLE skillancer.charge IS
	'Charges by the payment provider. FAILED: the provider said no; PROCESSING: it has not decided; ERRORED: it did not answer and is asked; VOIDED: nobody confirmed it in time.';
COMMENT ON COLUMN skillancer.charge.external_id IS 'The number that the provider gave it.';
COMMENT ON COLUMN skillancer.charge.provider_cost IS 'What the provider said that it keeps of it.';
COMMENT ON COLUMN skillancer.charge.action_url IS 'Where the payer has to go while it REQUIRES_ACTION.';
COMMENT ON COLUMN skillancer.charge.wallet_part IS
	'Minor units of the wallet that its milestone counts on, while the provider has not decided: other milestones do not count them.';
CREATE UNIQUE INDEX charge_external_idx ON skillancer.charge (provider, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX charge_open_idx ON skillancer.charge (user_id)
	WHERE state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'ERRORED');

ALTER TABLE skillancer.payout DROP CONSTRAINT payout_provider_check;
ALTER TABLE skillancer.payout DROP CONSTRAINT payout_state_check;
ALTER TABLE skillancer.payout
	ADD CONSTRAINT payout_provider_check CHECK (provider IN ('sandbox', 'stripe')),
	ADD CONSTRAINT payout_state_check
		CHECK (state IN ('CREATED', 'REQUESTED', 'PROCESSING', 'PAID', 'FAILED', 'ERRORED', 'CANCELLED', 'RETURNED')),
	ADD COLUMN external_id text CHECK (length(external_id) <= 255);
COMMENT ON TABLE skillancer.payout IS
	'Payouts. REQUESTED takes the amount from the balance and can be taken back; PROCESSING is with the provider: then PAID, or FAILED with the money back in the balance; ERRORED: the provider did not answer and is asked; RETURNED: the bank sent it back later.';
COMMENT ON COLUMN skillancer.payout.external_id IS 'The number that the provider gave it.';
CREATE UNIQUE INDEX payout_external_idx ON skillancer.payout (provider, external_id) WHERE external_id IS NOT NULL;

-- Calls to providers that are reached over the network.
CREATE TABLE skillancer.provider_call (
	id uuid PRIMARY KEY DEFAULT skillancer.new_id(),
	provider text NOT NULL CHECK (provider IN ('stripe')),
	operation text NOT NULL CHECK (operation IN ('CHARGE', 'CONFIRM', 'CANCEL', 'REFUND', 'PAYOUT', 'ASK')),
	kind text NOT NULL CHECK (kind IN ('charge', 'refund', 'payout')),
	ref uuid NOT NULL,
	idempotency_key text NOT NULL UNIQUE CHECK (length(idempotency_key) <= 255),
	method text NOT NULL CHECK (method IN ('GET', 'POST')),
	path text NOT NULL CHECK (length(path) BETWEEN 1 AND 2000),
	body text CHECK (length(body) <= 20000),
	state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SENDING', 'ANSWERED', 'DONE', 'LOST', 'PARKED')),
	attempts integer NOT NULL DEFAULT 0,
	tries integer NOT NULL DEFAULT 0,
	due_at timestamptz NOT NULL DEFAULT skillancer.now(),
	lease_until timestamptz,
	status integer,
	answer jsonb,
	last_error text,
	created_at timestamptz NOT NULL DEFAULT skillancer.now(),
	settled_at timestamptz
);
COMMENT ON TABLE skillancer.provider_call IS
	'Outbox of calls to payment providers. The request is fixed when it is made, so that every attempt under its key says the same. LOST: no answer after all attempts (the charge, refund or payout is then asked for); PARKED: for people.';
COMMENT ON COLUMN skillancer.provider_call.attempts IS 'Times that it was sent: the number of the newest attempt, which alone may report.';
COMMENT ON COLUMN skillancer.provider_call.tries IS 'Times that applying its answer was tried.';
COMMENT ON COLUMN skillancer.provider_call.answer IS 'Body of the answer, as long as it has not been applied.';
CREATE INDEX provider_call_ref_idx ON skillancer.provider_call (ref, id);
CREATE INDEX provider_call_due_idx ON skillancer.provider_call (state, due_at) WHERE state IN ('QUEUED', 'SENDING', 'ANSWERED');
CREATE INDEX provider_call_parked_idx ON skillancer.provider_call (id) WHERE state = 'PARKED';
CREATE INDEX provider_call_settled_idx ON skillancer.provider_call (settled_at) WHERE settled_at IS NOT NULL;

-- Webhooks of providers, each once.
CREATE TABLE skillancer.provider_event (
	provider text NOT NULL CHECK (provider IN ('sandbox', 'stripe')),
	id text NOT NULL CHECK (length(id) BETWEEN 1 AND 255),
	type text NOT NULL CHECK (length(type) <= 255),
	object jsonb,
	occurred_at timestamptz,
	state text NOT NULL DEFAULT 'RECEIVED' CHECK (state IN ('RECEIVED', 'DONE', 'IGNORED', 'PARKED')),
	tries integer NOT NULL DEFAULT 0,
	due_at timestamptz NOT NULL DEFAULT skillancer.now(),
	kind text CHECK (kind IN ('charge', 'refund', 'payout')),
	ref uuid,
	note text,
	received_at timestamptz NOT NULL DEFAULT skillancer.now(),
	settled_at timestamptz,
	PRIMARY KEY (provider, id)
);
COMMENT ON TABLE skillancer.provider_event IS
	'Inbox of webhooks, deduplicated by the provider''s number of the event. IGNORED: of no concern to us, repeated or out of date; PARKED: contradicts what we know, for people.';
COMMENT ON COLUMN skillancer.provider_event.object IS 'What the event is about, as long as it has not been settled.';
CREATE INDEX provider_event_due_idx ON skillancer.provider_event (due_at) WHERE state = 'RECEIVED';
CREATE INDEX provider_event_parked_idx ON skillancer.provider_event (received_at) WHERE state = 'PARKED';
CREATE INDEX provider_event_ref_idx ON skillancer.provider_event (ref) WHERE ref IS NOT NULL;
CREATE INDEX provider_event_settled_idx ON skillancer.provider_event (settled_at) WHERE settled_at IS NOT NULL;

ALTER TABLE skillancer.provider_call ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE skillancer.provider_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- payouts that were requested before are handed over by the new timer
RESET ROLE;
INSERT INTO skillancer.due (machine, id, event, due_at)
SELECT d.machine, d.id, 'submit', min(d.due_at)
FROM skillancer.due d
WHERE d.machine = 'payout' AND d.event IN ('pay', 'fail')
GROUP BY d.machine, d.id;
DELETE FROM skillancer.due d WHERE d.machine = 'payout' AND d.event IN ('pay', 'fail');
