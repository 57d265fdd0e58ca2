-- The warnings of pools, which are few, for a pool's history.
CREATE INDEX events_of_warnings ON events (position) WHERE type IN ('keys.PoolRanLow.v1', 'keys.PoolExpiring.v1');
