-- The forum in which a message's thread began, and its moderator.
WITH RECURSIVE thread(id) AS (
  SELECT $messageId
  UNION ALL
  SELECT m.reply_to_id FROM thread t CROSS JOIN message m ON m.id = t.id WHERE m.reply_to_id IS NOT NULL
)
SELECT f.id, f.title, p.id, p.first_name, p.last_name
FROM thread t
CROSS JOIN message root ON root.id = t.id AND root.is_post
CROSS JOIN forum f ON f.id = root.forum_id
CROSS JOIN person p ON p.id = f.moderator_id;
