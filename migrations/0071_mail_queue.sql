-- Indexes for what the courier looks for in a long queue: mails whose attempt never reported, and those that have no turn yet.

CREATE INDEX mail_lease_idx ON skillancer.mail (lease_until) WHERE state = 'SENDING';
CREATE INDEX mail_unpaced_idx ON skillancer.mail (due_at) WHERE state = 'QUEUED' AND paced_at IS NULL;
