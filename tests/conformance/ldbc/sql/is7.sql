-- The direct replies to a message, and whether its author and theirs are friends.
SELECT r.id, r.content, r.creation_date, p.id, p.first_name, p.last_name,
  EXISTS (SELECT 1 FROM knows k WHERE k.person1_id = m.creator_id AND k.person2_id = r.creator_id)
FROM message m
CROSS JOIN message r ON r.reply_to_id = m.id
CROSS JOIN person p ON p.id = r.creator_id
WHERE m.id = $messageId
ORDER BY r.creation_date DESC, p.id;
