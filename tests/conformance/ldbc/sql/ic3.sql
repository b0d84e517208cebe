-- Friends and friends of friends who wrote in two countries that they do not live in.
WITH friend_of_friend(id) AS MATERIALIZED (
  SELECT person2_id FROM knows WHERE person1_id = $personId
  UNION
  SELECT k2.person2_id
  FROM knows k1 CROSS JOIN knows k2 ON k2.person1_id = k1.person2_id
  WHERE k1.person1_id = $personId AND k2.person2_id <> $personId
),
written AS (
  SELECT f.id,
    sum(m.country_id = x.id) AS count_x,
    sum(m.country_id = y.id) AS count_y
  FROM (SELECT id FROM place WHERE name = $countryXName AND kind = 'country') x
  CROSS JOIN (SELECT id FROM place WHERE name = $countryYName AND kind = 'country') y
  CROSS JOIN friend_of_friend f
  CROSS JOIN person p ON p.id = f.id
  CROSS JOIN place city ON city.id = p.city_id AND city.part_of_id NOT IN (x.id, y.id)
  CROSS JOIN message m ON m.creator_id = f.id
    AND m.creation_date >= $startDate
    AND m.creation_date < $startDate + $durationDays * 86400000
  WHERE m.country_id IN (x.id, y.id)
  GROUP BY f.id
)
SELECT p.id, p.first_name, p.last_name, w.count_x, w.count_y, w.count_x + w.count_y AS total
FROM written w JOIN person p ON p.id = w.id
WHERE w.count_x > 0 AND w.count_y > 0
ORDER BY total DESC, p.id
LIMIT 20;
