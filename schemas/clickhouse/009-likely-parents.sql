ALTER TABLE spans ADD COLUMN IF NOT EXISTS likely_parents Array(Tuple(
  span_id FixedString(8),
  start_time_ns Int64,
  reason Enum8('unknown' = 0, 'root' = 1, 'tcp_sequence' = 2, 'datagram' = 3, 'trace_context' = 4, 'x_request_id' = 5, 'last_read' = 6, 'queue' = 7, 'agreement' = 8, 'resumed' = 9, 'serial_context' = 10, 'time' = 11, 'context' = 12, 'wake' = 13, 'assignment' = 14),
  confidence Float64)) AFTER confidence;
