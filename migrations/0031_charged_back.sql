-- A captured charge that the card holder's bank took back.

ALTER TABLE skillancer.charge
	DROP CONSTRAINT charge_state_check,
	ADD CONSTRAINT charge_state_check CHECK (state IN ('CREATED', 'REQUIRES_ACTION', 'PROCESSING', 'CAPTURED', 'FAILED',
		'ERRORED', 'VOIDED', 'CHARGED_BACK'));
