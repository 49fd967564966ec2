-- Who may touch the tables of matching and search at all; row-level security narrows it further.

GRANT SELECT ON skillancer.skill_parent, skillancer.rate_stat TO skillancer_bridge;
GRANT SELECT ON skillancer.skill_parent TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.match_skill, skillancer.match_word, skillancer.rate_stat
	TO skillancer_engine;

-- the index is the engine's: everybody else asks functions, which know what the caller may see
GRANT SELECT, INSERT, DELETE ON skillancer.search_queue, skillancer.search_chunk TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.search_segment, skillancer.search_dead, skillancer.search_value, skillancer.search_tick,
	skillancer.search_attempt TO skillancer_engine;
GRANT SELECT, UPDATE ON skillancer.search_index TO skillancer_engine;
GRANT USAGE ON SEQUENCE skillancer.search_segment_seq, skillancer.search_queue_seq_seq TO skillancer_engine;

-- operators see the state, and change how indexes rank
GRANT SELECT, UPDATE ON skillancer.search_index TO skillancer_admin;
GRANT SELECT ON skillancer.search_status, skillancer.search_attempt TO skillancer_admin;

GRANT SELECT ON skillancer.saved_search, skillancer.saved_search_doc TO skillancer_bridge;
GRANT SELECT, UPDATE ON skillancer.saved_search TO skillancer_engine;
GRANT SELECT, INSERT, DELETE ON skillancer.search_log TO skillancer_engine;

-- synonyms are edited by staff, and read by the engine for all
GRANT SELECT ON skillancer.search_synonym, skillancer.search_synonym_doc TO skillancer_bridge;
GRANT SELECT ON skillancer.search_synonym TO skillancer_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON skillancer.search_synonym TO skillancer_admin;

-- past queries that may be suggested
GRANT SELECT, INSERT, DELETE ON skillancer.search_popular TO skillancer_engine;
GRANT SELECT ON skillancer.search_popular TO skillancer_admin;
