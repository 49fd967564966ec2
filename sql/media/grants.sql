-- Table privileges of media: the bridge reads what policies show, the engine runs the machine and messages refer to files.

GRANT SELECT ON skillancer.media, skillancer.media_use, skillancer.media_doc TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.media TO skillancer_engine;
GRANT SELECT, INSERT ON skillancer.media_use TO skillancer_engine;
GRANT SELECT ON skillancer.media, skillancer.media_manifest TO skillancer_admin, skillancer_backup;
GRANT SELECT ON skillancer.media_use TO skillancer_backup;
