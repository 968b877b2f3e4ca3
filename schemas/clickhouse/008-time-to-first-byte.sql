ALTER TABLE spans ADD COLUMN IF NOT EXISTS time_to_first_byte_ns Int64 CODEC(T64, LZ4) AFTER duration_ns;
