-- The latest direct replies to the person's messages.
WITH latest AS MATERIALIZED (
  SELECT r.id, r.creation_date
  FROM message m CROSS JOIN message r ON r.reply_to_id = m.id
  WHERE m.creator_id = $personId
  ORDER BY r.creation_date DESC, r.id
  LIMIT 20
)
SELECT p.id, p.first_name, p.last_name, r.creation_date, r.id, coalesce(r.image_file, r.content)
FROM latest l CROSS JOIN message r ON r.id = l.id CROSS JOIN person p ON p.id = r.creator_id
ORDER BY r.creation_date DESC, r.id;
