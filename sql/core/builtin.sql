-- Policies of the core that the project ships.
RESET ROLE;
SELECT skillancer.put_policy('idempotencyRetention', '"PT72H"', 'How long the answer of an Idempotency-Key is kept');
