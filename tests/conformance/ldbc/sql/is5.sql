-- The author of a message.
SELECT p.id, p.first_name, p.last_name
FROM message m JOIN person p ON p.id = m.creator_id
WHERE m.id = $messageId;
