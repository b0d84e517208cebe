-- Forums that friends and friends of friends joined lately, by the posts that those wrote there.
WITH friend_of_friend(id) AS MATERIALIZED (
  SELECT person2_id FROM knows WHERE person1_id = $personId
  UNION
  SELECT k2.person2_id
  FROM knows k1 CROSS JOIN knows k2 ON k2.person1_id = k1.person2_id
  WHERE k1.person1_id = $personId AND k2.person2_id <> $personId
),
joined AS (
  SELECT fm.forum_id,
    sum((SELECT count(*) FROM message m WHERE m.forum_id = fm.forum_id AND m.creator_id = fm.person_id)) AS post_count
  FROM friend_of_friend f CROSS JOIN forum_member fm ON fm.person_id = f.id
  WHERE fm.join_date >= $minDate
  GROUP BY fm.forum_id
  ORDER BY post_count DESC, fm.forum_id
  LIMIT 20
)
SELECT f.title, j.post_count
FROM joined j CROSS JOIN forum f ON f.id = j.forum_id
ORDER BY j.post_count DESC, f.id;
