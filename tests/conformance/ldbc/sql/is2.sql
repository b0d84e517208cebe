-- A person's last messages, each with the post that its thread began with and that post's author.
WITH RECURSIVE
latest AS MATERIALIZED (
  SELECT id, creation_date FROM message WHERE creator_id = $personId ORDER BY creation_date DESC, id DESC LIMIT 10
),
thread(id, ancestor_id) AS (
  SELECT id, id FROM latest
  UNION ALL
  SELECT t.id, m.reply_to_id
  FROM thread t CROSS JOIN message m ON m.id = t.ancestor_id
  WHERE m.reply_to_id IS NOT NULL
)
SELECT m.id, coalesce(m.image_file, m.content), m.creation_date, root.id, author.id, author.first_name, author.last_name
FROM thread t
CROSS JOIN message root ON root.id = t.ancestor_id AND root.is_post
CROSS JOIN message m ON m.id = t.id
CROSS JOIN person author ON author.id = root.creator_id
ORDER BY m.creation_date DESC, m.id DESC;
