-- The latest messages of friends and friends of friends before a date.
WITH friend_of_friend(id) AS MATERIALIZED (
  SELECT person2_id FROM knows WHERE person1_id = $personId
  UNION
  SELECT k2.person2_id
  FROM knows k1 CROSS JOIN knows k2 ON k2.person1_id = k1.person2_id
  WHERE k1.person1_id = $personId AND k2.person2_id <> $personId
),
latest AS MATERIALIZED (
  SELECT m.id, m.creation_date, m.creator_id
  FROM friend_of_friend f CROSS JOIN message m ON m.creator_id = f.id
  WHERE m.creation_date < $maxDate
  ORDER BY m.creation_date DESC, m.id
  LIMIT 20
)
SELECT p.id, p.first_name, p.last_name, m.id, coalesce(m.image_file, m.content), m.creation_date
FROM latest l CROSS JOIN message m ON m.id = l.id CROSS JOIN person p ON p.id = l.creator_id
ORDER BY m.creation_date DESC, m.id;
