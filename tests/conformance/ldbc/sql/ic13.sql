-- The length of the shortest path between two persons, level by level. A level is the neighbours of the one before it
-- less that one and the one before that: further back no neighbour can lie, since friendships go both ways.
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
)
SELECT coalesce(
  (SELECT l.distance FROM level l WHERE EXISTS (SELECT 1 FROM json_each(l.frontier) WHERE value = $person2Id)), -1);
