-- Minutes whose rows have changed since they were summed up, by what sums them up (sink/minutes): readers add their rows up.
CREATE OR REPLACE VIEW changed_minute AS
SELECT summary, minute, last_change FROM (
  SELECT summary, minute, max(changed_at) AS last_change, max(summed_at) AS last_sum FROM summed_minute GROUP BY summary, minute
)
WHERE last_change >= last_sum;
