-- Friends' replies to posts whose tags belong to a class or to one below it.
WITH RECURSIVE
class(id) AS (
  SELECT id FROM tag_class WHERE name = $tagClassName
  UNION
  SELECT c.id FROM class parent CROSS JOIN tag_class c ON c.parent_id = parent.id
),
reply AS MATERIALIZED (
  SELECT r.creator_id AS person_id, r.id AS comment_id, t.name AS tag_name
  FROM knows k
  CROSS JOIN message r ON r.creator_id = k.person2_id AND r.reply_to_id IS NOT NULL
  CROSS JOIN message post ON post.id = r.reply_to_id AND post.is_post
  CROSS JOIN message_tag mt ON mt.message_id = post.id
  CROSS JOIN tag t ON t.id = mt.tag_id AND t.class_id IN (SELECT id FROM class)
  WHERE k.person1_id = $personId
),
counted AS (
  SELECT person_id, count(DISTINCT comment_id) AS reply_count FROM reply GROUP BY person_id
)
SELECT p.id, p.first_name, p.last_name,
  (SELECT json_group_array(tag_name)
   FROM (SELECT DISTINCT tag_name FROM reply WHERE person_id = p.id ORDER BY tag_name)),
  c.reply_count
FROM counted c JOIN person p ON p.id = c.person_id
ORDER BY c.reply_count DESC, p.id
LIMIT 20;
