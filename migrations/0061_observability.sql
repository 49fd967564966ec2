-- What the metrics page adds up while events come in, so that a scrape reads sums and never the log; the trace that
-- an event and its deliveries belong to.

CREATE TABLE skillancer.metric_total (
	name text NOT NULL CHECK (name ~ '^[a-z_]{1,40}$'),
	label text NOT NULL DEFAULT '' CHECK (length(label) <= 80),
	value numeric NOT NULL,
	PRIMARY KEY (name, label)
);
COMMENT ON TABLE skillancer.metric_total IS
	'Sums over the event log as far as the consumer "metrics" has read (events by type; money in minor units by currency), and of the ledger a minute ago (by class/currency). skillancer.metrics() shows them.';
ALTER TABLE skillancer.metric_total ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- timers that were given up are few among many
CREATE INDEX due_parked_idx ON skillancer.due (parked_at) WHERE parked_at IS NOT NULL;

ALTER TABLE skillancer.event ADD COLUMN trace text CHECK (length(trace) <= 600);
COMMENT ON COLUMN skillancer.event.trace IS
	'W3C traceparent of the request that made the event happen, else of the worker, which begins a trace for each thing it does; behind a blank the tracestate that came with it.';
ALTER TABLE skillancer.webhook_delivery ADD COLUMN trace text;
COMMENT ON COLUMN skillancer.webhook_delivery.trace IS 'That of the event.';
