-- Tags that stand beside a given one on posts of friends and friends of friends.
WITH friend_of_friend(id) AS MATERIALIZED (
  SELECT person2_id FROM knows WHERE person1_id = $personId
  UNION
  SELECT k2.person2_id
  FROM knows k1 CROSS JOIN knows k2 ON k2.person1_id = k1.person2_id
  WHERE k1.person1_id = $personId AND k2.person2_id <> $personId
)
SELECT other.name, count(*) AS post_count
FROM tag given
CROSS JOIN message_tag mt ON mt.tag_id = given.id
CROSS JOIN message m ON m.id = mt.message_id AND m.is_post AND m.creator_id IN (SELECT id FROM friend_of_friend)
CROSS JOIN message_tag beside ON beside.message_id = m.id AND beside.tag_id <> given.id
CROSS JOIN tag other ON other.id = beside.tag_id
WHERE given.name = $tagName
GROUP BY other.id
ORDER BY post_count DESC, other.name
LIMIT 10;
