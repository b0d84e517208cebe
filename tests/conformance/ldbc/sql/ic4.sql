-- Tags that friends' posts carry for the first time in a window of days.
WITH tagged AS (
  SELECT mt.tag_id, m.creation_date >= $startDate AS is_new
  FROM knows k
  CROSS JOIN message m ON m.creator_id = k.person2_id
    AND m.creation_date < $startDate + $durationDays * 86400000
    AND m.is_post
  CROSS JOIN message_tag mt ON mt.message_id = m.id
  WHERE k.person1_id = $personId
)
SELECT t.name, count(*) AS post_count
FROM tagged d JOIN tag t ON t.id = d.tag_id
GROUP BY d.tag_id
HAVING min(d.is_new)
ORDER BY post_count DESC, t.name
LIMIT 10;
