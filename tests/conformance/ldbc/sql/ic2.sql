-- The latest messages of friends. The index gives date and id; the rows are read only for those that are shown.
WITH latest AS MATERIALIZED (
  SELECT m.id, m.creation_date, m.creator_id
  FROM knows k CROSS JOIN message m ON m.creator_id = k.person2_id
  WHERE k.person1_id = $personId AND m.creation_date <= $maxDate
  ORDER BY m.creation_date DESC, m.id
  LIMIT 20
)
SELECT p.id, p.first_name, p.last_name, m.id, coalesce(m.image_file, m.content), m.creation_date
FROM latest l CROSS JOIN message m ON m.id = l.id CROSS JOIN person p ON p.id = l.creator_id
ORDER BY m.creation_date DESC, m.id;
