-- Who liked the person's messages: the latest like of each, and whether it comes from outside of the circle of friends.
WITH ranked AS (
  SELECT l.person_id, l.message_id, l.creation_date AS like_date, m.creation_date AS message_date,
    coalesce(m.image_file, m.content) AS content,
    row_number() OVER (PARTITION BY l.person_id ORDER BY l.creation_date DESC, l.message_id) AS place
  FROM message m CROSS JOIN likes l ON l.message_id = m.id
  WHERE m.creator_id = $personId
)
SELECT p.id, p.first_name, p.last_name, r.like_date, r.message_id, r.content,
  (r.like_date - r.message_date) / 60000,
  NOT EXISTS (SELECT 1 FROM knows k WHERE k.person1_id = $personId AND k.person2_id = p.id)
FROM ranked r JOIN person p ON p.id = r.person_id
WHERE r.place = 1
ORDER BY r.like_date DESC, p.id
LIMIT 20;
