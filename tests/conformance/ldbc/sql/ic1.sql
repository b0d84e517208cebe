-- Persons with a first name within three steps of friendship.
WITH RECURSIVE
reach(id, distance) AS (
  SELECT $personId, 0
  UNION
  SELECT k.person2_id, r.distance + 1
  FROM reach r CROSS JOIN knows k ON k.person1_id = r.id
  WHERE r.distance < 3
),
nearest(id, distance) AS (
  SELECT id, min(distance) FROM reach WHERE id <> $personId GROUP BY id
),
found AS MATERIALIZED (
  SELECT n.distance, p.*
  FROM nearest n CROSS JOIN person p ON p.id = n.id
  WHERE p.first_name = $firstName
  ORDER BY n.distance, p.last_name, p.id
  LIMIT 20
)
SELECT f.id, f.last_name, f.distance, f.birthday, f.creation_date, f.gender, f.browser, f.location_ip,
  (SELECT json_group_array(email) FROM (SELECT email FROM person_email WHERE person_id = f.id ORDER BY email)),
  (SELECT json_group_array(language)
   FROM (SELECT language FROM person_language WHERE person_id = f.id ORDER BY language)),
  city.name,
  (SELECT json_group_array(json_array(name, year, place))
   FROM (SELECT o.name AS name, s.class_year AS year, p.name AS place
         FROM study s JOIN organisation o ON o.id = s.organisation_id JOIN place p ON p.id = o.place_id
         WHERE s.person_id = f.id ORDER BY 1, 2, 3)),
  (SELECT json_group_array(json_array(name, year, place))
   FROM (SELECT o.name AS name, w.work_from AS year, p.name AS place
         FROM work w JOIN organisation o ON o.id = w.organisation_id JOIN place p ON p.id = o.place_id
         WHERE w.person_id = f.id ORDER BY 1, 2, 3))
FROM found f JOIN place city ON city.id = f.city_id
ORDER BY f.distance, f.last_name, f.id;
