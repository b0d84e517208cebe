-- Friends and friends of friends who worked in a country before a year.
WITH friend_of_friend(id) AS MATERIALIZED (
  SELECT person2_id FROM knows WHERE person1_id = $personId
  UNION
  SELECT k2.person2_id
  FROM knows k1 CROSS JOIN knows k2 ON k2.person1_id = k1.person2_id
  WHERE k1.person1_id = $personId AND k2.person2_id <> $personId
)
SELECT p.id, p.first_name, p.last_name, o.name, w.work_from
FROM friend_of_friend f
CROSS JOIN work w ON w.person_id = f.id AND w.work_from < $workFromYear
CROSS JOIN organisation o ON o.id = w.organisation_id AND o.kind = 'company'
CROSS JOIN place country ON country.id = o.place_id AND country.name = $countryName AND country.kind = 'country'
CROSS JOIN person p ON p.id = f.id
ORDER BY w.work_from, p.id, o.name DESC
LIMIT 10;
