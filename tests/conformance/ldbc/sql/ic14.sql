-- All shortest paths between two persons, weighted by the replies between neighbours. The levels of ic13.sql give each
-- person's distance from the first; walking back from the second through falling distances meets the paths' edges only.
WITH RECURSIVE
level(distance, previous, frontier) AS (
  SELECT 0, json_array(), json_array($person1Id)
  UNION ALL
  SELECT l.distance + 1, l.frontier,
    (SELECT json_group_array(id) FROM (
       SELECT k.person2_id AS id
       FROM json_each(l.frontier) f CROSS JOIN knows k ON k.person1_id = f.value
       EXCEPT SELECT value FROM json_each(l.frontier)
       EXCEPT SELECT value FROM json_each(l.previous)))
  FROM level l
  WHERE l.frontier <> json_array()
    AND NOT EXISTS (SELECT 1 FROM json_each(l.frontier) WHERE value = $person2Id)
),
depth(id, distance) AS MATERIALIZED (
  SELECT f.value, l.distance FROM level l CROSS JOIN json_each(l.frontier) f
),
edge(from_id, to_id, distance) AS (
  SELECT d.id, NULL, d.distance FROM depth d WHERE d.id = $person2Id
  UNION
  SELECT d.id, e.from_id, d.distance
  FROM edge e CROSS JOIN knows k ON k.person1_id = e.from_id
  CROSS JOIN depth d ON d.id = k.person2_id AND d.distance = e.distance - 1
),
weighed AS MATERIALIZED (
  SELECT e.from_id, e.to_id,
    (SELECT coalesce(sum(CASE WHEN m.is_post THEN 1.0 ELSE 0.5 END), 0.0)
     FROM message r CROSS JOIN message m ON m.id = r.reply_to_id
     WHERE r.creator_id = e.from_id AND m.creator_id = e.to_id)
    + (SELECT coalesce(sum(CASE WHEN m.is_post THEN 1.0 ELSE 0.5 END), 0.0)
       FROM message r CROSS JOIN message m ON m.id = r.reply_to_id
       WHERE r.creator_id = e.to_id AND m.creator_id = e.from_id) AS weight
  FROM edge e
  WHERE e.to_id IS NOT NULL
),
path(last_id, persons, weight) AS (
  SELECT $person1Id, json_array($person1Id), 0.0 FROM depth WHERE id = $person2Id
  UNION ALL
  SELECT w.to_id, json_insert(p.persons, '$[#]', w.to_id), p.weight + w.weight
  FROM path p CROSS JOIN weighed w ON w.from_id = p.last_id
)
SELECT p.persons, p.weight
FROM path p
WHERE p.last_id = $person2Id
ORDER BY p.weight DESC, (SELECT group_concat(printf('%020d', value)) FROM json_each(p.persons));
