-- Friends of friends of one star sign, scored by how their posts meet the person's interests.
WITH stranger(id) AS MATERIALIZED (
  SELECT k2.person2_id
  FROM knows k1 CROSS JOIN knows k2 ON k2.person1_id = k1.person2_id
  WHERE k1.person1_id = $personId AND k2.person2_id <> $personId
  EXCEPT
  SELECT person2_id FROM knows WHERE person1_id = $personId
),
born AS (
  SELECT p.*, CAST(strftime('%m', p.birthday / 1000, 'unixepoch') AS INTEGER) AS month,
    CAST(strftime('%d', p.birthday / 1000, 'unixepoch') AS INTEGER) AS day
  FROM stranger s CROSS JOIN person p ON p.id = s.id
)
SELECT b.id, b.first_name, b.last_name,
  (SELECT coalesce(sum(CASE WHEN EXISTS (SELECT 1
      FROM message_tag mt CROSS JOIN person_interest i ON i.person_id = $personId AND i.tag_id = mt.tag_id
      WHERE mt.message_id = m.id) THEN 1 ELSE -1 END), 0)
   FROM message m WHERE m.creator_id = b.id AND m.is_post) AS score,
  b.gender, city.name
FROM born b JOIN place city ON city.id = b.city_id
WHERE (b.month = $month AND b.day >= 21) OR (b.month = $month % 12 + 1 AND b.day < 22)
ORDER BY score DESC, b.id
LIMIT 10;
