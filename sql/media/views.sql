-- The JSON shape of files, and what an operator checks a backup with.

CREATE VIEW skillancer.media_doc WITH (security_invoker = true) AS
SELECT m.id, m.user_id, m.purpose, m.state, 'v' || m.version AS etag,
	skillancer.json_doc(
		'id', m.id,
		'userId', m.user_id,
		'purpose', m.purpose,
		'visibility', m.visibility,
		'state', m.state,
		'fileName', m.file_name,
		'contentType', coalesce(m.type, m.declared_type),
		'size', m.size,
		'sha256', encode(m.sha256, 'hex'),
		'createdAt', m.created_at,
		'updatedAt', m.updated_at) AS doc
FROM skillancer.media m;
COMMENT ON VIEW skillancer.media_doc IS 'Files as the API shows them to their owner and to whoever may read them.';

CREATE VIEW skillancer.media_manifest WITH (security_invoker = true) AS
SELECT right(m.object::text, 2) || '/' || m.object AS path, encode(m.sha256, 'hex') AS sha256, m.size, m.id, m.user_id
FROM skillancer.media m
WHERE m.state = 'READY';
COMMENT ON VIEW skillancer.media_manifest IS
	'Every file that there must be in the directory of the bridge: its path there, SHA-256 and size. For backups.';
