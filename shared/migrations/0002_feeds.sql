-- Kafka's offset of the high-water: where to look first, never where we are (DESIGN 4).
ALTER TABLE high_water ADD COLUMN "offset" bigint NOT NULL DEFAULT -1;

-- The number of partitions of a source is fixed; a consumer refuses another.
CREATE TABLE followed (
    consumer text NOT NULL,
    source text NOT NULL,
    partitions integer NOT NULL CHECK (partitions > 0),
    PRIMARY KEY (consumer, source)
);
INSERT INTO followed (consumer, source, partitions)
    SELECT DISTINCT consumer, source, 1 FROM high_water WHERE consumer <> 'library';

-- How far this service's sources have been published, by whom, and the last position in each partition.
CREATE TABLE relay (
    source text PRIMARY KEY,
    topic text NOT NULL,
    epoch uuid NOT NULL,
    partitions integer NOT NULL CHECK (partitions > 0),
    position bigint NOT NULL DEFAULT 0,
    last bigint[] NOT NULL CHECK (cardinality(last) = partitions),
    leader uuid,
    until timestamptz
);
