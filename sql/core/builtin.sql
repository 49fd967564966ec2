-- Policies of the core that the project ships.
RESET ROLE;
SELECT skillancer.put_policy('idempotencyRetention', '"PT72H"', 'How long the answer of an Idempotency-Key is kept');
SELECT skillancer.put_policy('eventRetention', '"P7Y"', 'How long the event log is kept; timelines of bookings are read from it');
